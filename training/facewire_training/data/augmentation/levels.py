"""Levels that change while one listens: between speakers, within a sentence, after a loud sound.

A model that has only heard sentences of one level takes whoever is loudest for the only one who
speaks, and stays deaf to the next for seconds. What it should do with two voices is decided here:
the face belongs to the loudest voice of the last quarter of a second. Softer voices beside it, in
its short pauses too, are background (`channel.add_noise`); once it has stopped, whoever speaks is
who is shown, up to 30 dB below what was heard before.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facewire.frames import Samples
from facewire_training.data.augmentation.channel import active_level

SAMPLE_RATE = 16_000

FALL_DB = 30.0
"""How far a later voice may be below an earlier sound."""
RISE_DB = 10.0
UNSETTLED_HOPS = 25
"""For how long after a fall nobody can know who is meant, in hops of 10 ms."""
_NOTED_DB = 6.0
"""A smaller fall leaves no doubt."""
_LOUDEST = 10 ** (-14 / 20)
"""Active level of the louder part: its peaks stay below full scale, or little is cut."""
_FADE = 80
_HOP = 160


@dataclass(frozen=True, slots=True)
class Levels:
    """A way for the level to go."""

    gain_db: NDArray[np.float32]
    """[T] for each sample."""
    falls: tuple[int, ...]
    """Samples at which it has fallen by so much that the next moment is unsettled."""


def wander(count: int, rng: np.random.Generator) -> Levels:
    """Return a level that steps or glides once or twice, anywhere down to 30 dB below its highest.

    A step takes 5 to 400 ms: somebody turns away, a microphone is moved, a control is turned.
    """
    changes = int(rng.integers(1, 3))
    at = np.sort(rng.uniform(0.1, 0.9, changes) * count).astype(int)
    levels_db = rng.uniform(-FALL_DB, 0, changes + 1)
    levels_db -= levels_db.max()
    gain_db = np.full(count, levels_db[0], np.float32)
    falls = []
    for place, before_db, after_db in zip(at, levels_db, levels_db[1:], strict=False):
        length = int(rng.uniform(0.005, 0.4) * SAMPLE_RATE)
        gain_db[place:] = after_db
        glide = np.linspace(before_db, after_db, length, dtype=np.float32)
        gain_db[place : place + length] = glide[: count - place]
        if before_db - after_db >= _NOTED_DB:
            falls.append(int(place))
    return Levels(gain_db, tuple(falls))


def follow(first: Samples, then: Samples, at: int, fall_db: float) -> Samples:
    """Let one sound end at a moment, and another go on from there, so far below it.

    Args:
        first: `[T]`, heard before.
        then: `[T]`, of which what is heard before the moment is left out.
        at: sample at which it changes.
        fall_db: level of the first above the second, of their active parts; may be negative.

    Returns:
        `[T]`; the louder is at -14 dB at most, where its peaks hardly reach full scale.
    """
    before, after = first[:at], then[at:]
    loud, soft = active_level(before), active_level(after)
    if min(loud, soft) < 1e-5:  # One of them is silence: there is nothing to compare.
        joined = np.concatenate((before, after))
    else:
        louder = min(max(loud, soft), _LOUDEST)
        levels = louder * np.power(10, np.array([min(fall_db, 0), min(-fall_db, 0)]) / 20)
        joined = np.concatenate((before * levels[0] / loud, after * levels[1] / soft))
    joined = joined.astype(np.float32)
    fall = np.linspace(1, 0, min(_FADE, at), dtype=np.float32)
    joined[at - len(fall) : at] *= fall
    joined[at : at + len(fall)] *= fall[::-1][: len(joined) - at]
    return np.clip(joined, -1, 1)


def unsettled(falls: tuple[int, ...], hops: int) -> NDArray[np.bool_]:
    """Return which of the hops come so soon after a fall that their label is not known, [hops]."""
    found = np.zeros(hops, np.bool_)
    for fall in falls:
        found[fall // _HOP : fall // _HOP + UNSETTLED_HOPS] = True
    return found


def is_fall(fall_db: float) -> bool:
    """Tell whether a fall by so much leaves a doubt who is meant."""
    return fall_db >= _NOTED_DB
