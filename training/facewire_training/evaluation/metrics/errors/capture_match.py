"""Does the mouth go as a real one went? Correlation with captured faces, clip by clip."""

from collections.abc import Sequence

import numpy as np

from facewire_training.data.mouth_motion import MEASURES, TrueMotion
from facewire_training.take import Take


def capture_correlation(
    takes: Sequence[Take], motions: Sequence[TrueMotion], measure: str
) -> float:
    """Return the mean over clips of Pearson's correlation of ours with the true curve.

    A clip in which ours stands still counts 0; one whose true curve is unknown or still is left
    out; nan if that leaves none.

    Raises:
        ValueError: there are not as many motions as takes.
    """
    found = [
        _correlation(take, motion, measure)
        for take, motion in zip(takes, motions, strict=True)
        if measure in motion.curves
    ]
    known = [value for value in found if value is not None]
    return float(np.mean(known)) if known else float("nan")


def _correlation(take: Take, motion: TrueMotion, measure: str) -> float | None:
    true = motion.curves[measure].astype(np.float64)
    within = motion.times_s <= (len(take) - 1) / float(take.frame_rate)
    seen = np.isfinite(true) & within
    if seen.sum() < 3 or true[seen].std() < 1e-6:
        return None
    times_s = np.arange(len(take)) / float(take.frame_rate)
    ours = np.interp(motion.times_s[seen], times_s, MEASURES[measure](take.weights))
    if ours.std() < 1e-6:
        return 0.0
    return float(np.corrcoef(ours, true[seen])[0, 1])
