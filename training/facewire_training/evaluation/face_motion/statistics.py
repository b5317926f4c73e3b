"""How far and how fast a face moves in speech and in pauses, over many clips."""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facewire_training.evaluation.face_motion.motion import RATE, Motion
from facewire_training.evaluation.metrics.motion.whole_face import SHUT

Floats = NDArray[np.float64]

_BEFORE, _AFTER = 3, 6
"""Frames around lids half as far shut, in which a blink moves everything around the eyes."""
SMOOTHED = 3
"""Frames over which speeds are taken, because landmarks tremble."""
NEAR_END_S = 0.6
CALMEST = 5.0
"""Percent of the clips."""


class Movement(NamedTuple):
    """Of one measure: its unit is the millimetre, or the degree."""

    deviation: float
    """In speech, from the median of the clip."""
    pause_deviation: float
    speed: float
    """In speech, per second."""
    pause_speed: float
    calmest: float
    """Speed in the pauses of the calmest clips, which is mostly the tracker's unrest."""


def movement(motions: Collection[Motion], measure: str) -> Movement:
    """Return how a measure moves; frames beside a blink, and without a face, are left out."""
    away: dict[bool, list[Floats]] = {True: [], False: []}
    speeds: dict[bool, list[Floats]] = {True: [], False: []}
    for motion in motions:
        curve, open_eyes = motion.curves[measure], ~_beside_blinks(motion.lids)
        from_median = curve - np.nanmedian(curve)
        smooth = np.convolve(curve, np.ones(SMOOTHED) / SMOOTHED, "valid")
        steps = np.abs(np.diff(smooth)) * RATE
        for spoken, when in ((True, motion.in_speech()), (False, motion.in_pause())):
            wanted = when & open_eyes
            away[spoken].append(_finite(from_median[wanted]))
            speeds[spoken].append(_finite(steps[wanted[1 : 1 + len(steps)]]))
    calm = [steps.mean() for steps in speeds[False] if len(steps) >= RATE / 3]
    deviation, pause_deviation = (float(np.concatenate(away[when]).std()) for when in away)
    speed, pause_speed = (float(np.concatenate(speeds[when]).mean()) for when in speeds)
    calmest = float(np.percentile(calm, CALMEST))
    return Movement(deviation, pause_deviation, speed, pause_speed, calmest)


def _finite(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def blinks_a_minute(motions: Collection[Motion]) -> float:
    """Return how often both lids close."""
    seconds = sum(len(motion.lids) for motion in motions) / RATE
    return 60 * sum(len(_blinks(motion.lids)) for motion in motions) / seconds


def blinks_near_ends(motions: Collection[Motion]) -> float:
    """Return which share of phrases has a blink within `NEAR_END_S` of its end."""
    found = [
        bool(np.any(np.abs(_blinks(motion.lids) / RATE - motion.end_s) <= NEAR_END_S))
        for motion in motions
    ]
    return float(np.mean(found))


def _blinks(lids: Floats) -> NDArray[np.intp]:
    """Return the frames in which a blink begins."""
    shut = np.nan_to_num(lids) > SHUT
    return np.flatnonzero(shut[1:] & ~shut[:-1]) + 1


def _beside_blinks(lids: Floats) -> NDArray[np.bool_]:
    shut = np.nan_to_num(lids, nan=1.0) > SHUT / 2
    reach = np.ones(_BEFORE + _AFTER + 1)
    return np.asarray(np.convolve(shut, reach)[_BEFORE : _BEFORE + len(shut)] > 0)
