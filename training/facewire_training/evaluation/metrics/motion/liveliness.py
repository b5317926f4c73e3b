"""Does the mouth move as much, as fast and as finely as a true one? Below 1 is over-smoothed."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from facewire_training.evaluation.metrics.pairs import Floats, captured, paired
from facewire_training.shape_sets import MOUTH
from facewire_training.take import Take

FAST_HZ = 5.0
"""Syllables come at 4 to 5 Hz; what is faster is articulation, or trembling."""


def amplitude_ratio(takes: Sequence[Take], references: Sequence[Take]) -> float:
    """Return how far the mouth moves against the references: 1 is as far.

    The standard deviation over time of each of the 27 jaw and mouth weights that the references
    have, summed over shapes and takes, ours by theirs; nan if the references do not move.
    """
    return _ratio(takes, references, _spread)


def velocity_ratio(takes: Sequence[Take], references: Sequence[Take]) -> float:
    """Return how fast the mouth moves against the references: 1 is as fast.

    The mean norm of the difference of successive frames of the 27 jaw and mouth weights that the
    references have, ours by theirs, at the references' frame rate; nan if they do not move.
    """
    return _ratio(takes, references, _speed)


def fast_share(takes: Sequence[Take]) -> float:
    """Return which share of the mouth's movement is faster than 5 Hz, in power; nan if still.

    The periodogram of each of the 27 weights less its mean, pooled over shapes and takes.
    """
    fast = total = 0.0
    for take in takes:
        moving = take.weights[:, MOUTH].astype(np.float64)
        if len(moving) < 2:
            continue
        power = np.abs(np.fft.rfft(moving - moving.mean(axis=0), axis=0)) ** 2
        hertz = np.fft.rfftfreq(len(moving), 1 / float(take.frame_rate))
        fast += float(power[hertz > FAST_HZ].sum())
        total += float(power.sum())
    return fast / total if total > 1e-12 else float("nan")


def _spread(weights: Floats) -> float:
    return float(weights.std(axis=0).sum())


def _speed(weights: Floats) -> float:
    moved: NDArray[np.float64] = np.diff(weights, axis=0)
    return float(np.linalg.norm(moved, axis=1).sum())


def _ratio(
    takes: Sequence[Take], references: Sequence[Take], measure: Callable[[Floats], float]
) -> float:
    ours = theirs = 0.0
    pairs = zip(paired(takes, references), references, strict=True)
    for (weights, true), reference in pairs:
        seen = captured(reference, MOUTH)
        if len(true):
            ours += measure(weights[:, seen])
            theirs += measure(true[:, seen])
    return ours / theirs if theirs > 1e-9 else float("nan")
