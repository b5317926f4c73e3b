"""Is the mouth early or late?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facewire_training.take import Take

STEP_S = 0.005
FARTHEST_S = 0.300


def gap_lag_ms(takes: Sequence[Take], references: Sequence[Take]) -> float:
    """Return by how many ms the lip gaps of takes lag those of references of the same speech.

    The shift, in steps of 5 ms up to 300 ms either way, at which the pooled gaps correlate best;
    negative if the takes are early, nan if a side does not move.

    Raises:
        ValueError: there are not as many references as takes.
    """
    pairs = [
        (_resampled(take), _resampled(reference))
        for take, reference in zip(takes, references, strict=True)
    ]
    steps = range(-round(FARTHEST_S / STEP_S), round(FARTHEST_S / STEP_S) + 1)
    scores = np.array([_correlation(pairs, step) for step in steps])
    if np.isnan(scores).all():
        return float("nan")
    return 1000 * STEP_S * steps[int(np.nanargmax(scores))]


def _resampled(take: Take) -> NDArray[np.float64]:
    length_s = len(take) / float(take.frame_rate)
    # Until the first frame is there, the face stands as in it.
    times = np.arange(len(take)) / float(take.frame_rate) + take.late_s
    return np.asarray(np.interp(np.arange(0, length_s, STEP_S), times, take.gap()))


def _correlation(pairs: list[tuple[NDArray[np.float64], NDArray[np.float64]]], step: int) -> float:
    """Return Pearson's correlation of takes against references that are `step` steps later."""
    late, early = max(step, 0), max(-step, 0)
    cut = [(len(r) - late, len(t) - early, t, r) for t, r in pairs]
    both = [(t[late:][: min(a, b)], r[early:][: min(a, b)]) for a, b, t, r in cut if min(a, b) > 0]
    if not both:
        return float("nan")
    take = np.concatenate([t[: len(r)] for t, r in both])
    reference = np.concatenate([r[: len(t)] for t, r in both])
    if take.std() == 0 or reference.std() == 0:
        return float("nan")
    return float(np.corrcoef(take, reference)[0, 1])
