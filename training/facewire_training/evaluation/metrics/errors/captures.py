"""Does the mouth move as the true one did?

Compared at the moments of the captured frames in which the face was seen, all clips pooled, by
content timing: a frame of a take stands where its own timestamp says.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from facewire.face.lips import lip_gap
from facewire_training.data import mouth_motion
from facewire_training.data.capture import Capture
from facewire_training.take import Take

Floats = NDArray[np.float64]
Measure = Callable[[NDArray[np.floating]], NDArray[np.floating]]

MEASURES: dict[str, Measure] = {
    name: mouth_motion.MEASURES[name] for name in ("gap", "width", "jaw", "round")
}
"""What is compared, each a number for each frame of weights [T, 52]."""


def follows(takes: Sequence[Take], captures: Sequence[Capture]) -> dict[str, float]:
    """Return Pearson's correlation with the true lip gap, width, jawOpen and rounding, by name.

    nan where a side does not move.

    Raises:
        ValueError: there are not as many captures as takes.
    """
    values = {}
    for name, measure in MEASURES.items():
        mine, true = _pooled(takes, captures, measure)
        moves = len(true) > 1 and mine.std() > 0 and true.std() > 0
        values[f"{name}_r"] = float(np.corrcoef(mine, true)[0, 1]) if moves else float("nan")
    return values


def amplitude(takes: Sequence[Take], captures: Sequence[Capture]) -> float:
    """Return how far the lip gap moves against the true one's: the ratio of standard deviations.

    Less than 1 is over-smoothed, or shy; nan if the true one does not move.
    """
    mine, true = _pooled(takes, captures, lip_gap)
    return float(mine.std() / true.std()) if len(true) and true.std() > 0 else float("nan")


def velocity(takes: Sequence[Take], captures: Sequence[Capture]) -> float:
    """Return how fast the lip gap moves against the true one's: the ratio of mean speeds.

    Between neighbouring captured frames; nan if the true one does not move.
    """
    pairs = [_sides(take, capture, lip_gap) for take, capture in _paired(takes, captures)]
    speeds = [np.nansum(np.abs(np.diff(sides, axis=1)), axis=1) for sides in pairs]
    mine, true = np.sum(speeds, axis=0) if speeds else (0.0, 0.0)
    return float(mine / true) if true > 0 else float("nan")


def compare(takes: Sequence[Take], captures: Sequence[Capture]) -> dict[str, float]:
    """Return every measure of the takes against the captures, by name."""
    return follows(takes, captures) | {
        "gap_amplitude": amplitude(takes, captures),
        "gap_velocity": velocity(takes, captures),
    }


def _pooled(
    takes: Sequence[Take], captures: Sequence[Capture], measure: Measure
) -> tuple[Floats, Floats]:
    pairs = [_sides(take, capture, measure) for take, capture in _paired(takes, captures)]
    both = np.concatenate(pairs, axis=1) if pairs else np.zeros((2, 0))
    mine, true = both[:, ~np.isnan(both).any(axis=0)]
    return mine, true


def _paired(takes: Sequence[Take], captures: Sequence[Capture]) -> list[tuple[Take, Capture]]:
    return list(zip(takes, captures, strict=True))


def _sides(take: Take, capture: Capture, measure: Measure) -> Floats:
    """Return a measure of the take and of the capture, [2, T]; NaN where there is no true one."""
    times = capture.times_s()
    shown = np.arange(len(take)) / float(take.frame_rate)
    mine = np.interp(times, shown, measure(take.weights))
    true = measure(capture.weights).astype(np.float64)
    outside = np.isnan(true) | (times < 0) | (times > capture.duration_s)
    return np.where(outside, np.nan, np.stack((mine, true)))
