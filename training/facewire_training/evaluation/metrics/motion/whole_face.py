"""Is the rest of the face alive? Blinks, brows, and which shapes move at all.

What is measured is the face as it is shown, with the face stage's idle motion.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire_training.evaluation.metrics.pairs import at_rate, captured
from facewire_training.take import Take

Floats = NDArray[np.floating]

SHUT, OPEN = 0.4, 0.25
"""A blink begins where the mean of both eyeBlinks passes the first, and ends below the second."""
RATE = Fraction(30)
"""Frames per second at which movement is counted."""
MOVING = 0.002
"""The least change of a weight from frame to frame, at `RATE`, that is movement."""
NEVER = 0.02
"""A shape whose weights never differ by more than this does not move."""

_BLINK = np.array([arkit.INDEX["eyeBlinkLeft"], arkit.INDEX["eyeBlinkRight"]])
_RAISE = np.array(
    [arkit.INDEX[name] for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")]
)
_LOWER = np.array([arkit.INDEX[name] for name in ("browDownLeft", "browDownRight")])


def blink_rate(takes: Sequence[Take]) -> float:
    """Return the blinks of a minute; nan if lids were not captured, or nothing was seen.

    People who talk blink 10 to 30 times a minute (Bentivoglio et al. 1997: 26 in conversation).
    """
    if not takes or any(len(captured(take, _BLINK)) < len(_BLINK) for take in takes):
        return float("nan")
    blinks = sum(_blinks(take.weights[:, _BLINK].mean(axis=1)) for take in takes)
    minutes = sum(float(len(take) / take.frame_rate) for take in takes) / 60
    return blinks / minutes if minutes > 0 else float("nan")


def _blinks(lids: Floats) -> int:
    count, shut = 0, False
    for lid in lids:
        if not shut and lid > SHUT:
            count, shut = count + 1, True
        elif shut and lid < OPEN:
            shut = False
    return count


def brow_height(take: Take) -> NDArray[np.float64]:
    """Return how high the brows stand, [T]: the mean of those raised less that of those lowered."""
    weights = take.weights.astype(np.float64)
    return np.asarray(weights[:, _RAISE].mean(axis=1) - weights[:, _LOWER].mean(axis=1))


def brow_pitch_correlation(takes: Sequence[Take], pitches: Sequence[Floats]) -> float:
    """Return Pearson's correlation of brows with the pitch of the voice, the mean over takes.

    Brows of speakers rise with pitch accents (Cavé et al. 1996). Pitch is in octaves; moments that
    have no voice are left out, and takes with less than half a second of voice, or without moving
    brows. nan if that leaves none.

    Args:
        takes: the faces.
        pitches: of each take, the fundamental frequency in Hz at every 10 ms, [N]; 0 where there
            is no voice.

    Raises:
        ValueError: there are not as many pitches as takes.
    """
    found = []
    for take, pitch in zip(takes, pitches, strict=True):
        if len(captured(take, _RAISE)) < len(_RAISE):
            return float("nan")
        times = np.arange(len(take)) / float(take.frame_rate)
        voiced = np.flatnonzero(pitch > 0)
        voiced = voiced[voiced / 100 <= (times[-1] if len(times) else -1)]
        if len(voiced) < 50:
            continue
        brows = np.interp(voiced / 100, times, brow_height(take))
        octaves = np.log2(pitch[voiced])
        if brows.std() > 1e-6 and octaves.std() > 1e-6:
            found.append(float(np.corrcoef(brows, octaves)[0, 1]))
    return float(np.mean(found)) if found else float("nan")


def moving_shares(takes: Sequence[Take]) -> dict[str, float]:
    """Return in which share of the frames each captured shape moves, by name."""
    if not takes:
        return {}
    changes = [np.abs(np.diff(at_rate(take, RATE), axis=0)) > MOVING for take in takes]
    shares = np.concatenate(changes).mean(axis=0) if sum(map(len, changes)) else np.zeros(52)
    return {arkit.NAMES[place]: float(shares[place]) for place in _captured_by_all(takes)}


def still_shapes(takes: Sequence[Take]) -> list[str]:
    """Return the captured shapes that never move: whose weights differ by at most `NEVER`."""
    pooled = np.concatenate([np.zeros((0, arkit.COUNT), np.float32), *(t.weights for t in takes)])
    if not len(pooled):
        return []
    span = pooled.max(axis=0) - pooled.min(axis=0)
    return [arkit.NAMES[place] for place in _captured_by_all(takes) if span[place] <= NEVER]


def _captured_by_all(takes: Sequence[Take]) -> list[int]:
    places = np.arange(arkit.COUNT)
    for take in takes:
        places = captured(take, places)
    return [int(place) for place in places]
