"""How the 51 weights of "From Tokens to Faces" move: what its code prints beside the errors.

Correa et al. 2026 (arXiv 2606.13630). All takes are brought to 30 frames a second by linear
interpolation; weights that a take does not know are left out. A take may be shown at any rate, and
a true face is measured like any other: none of these has a side that is better by itself.
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import numpy as np

from facewire_training.evaluation.metrics.motion.liveliness import FAST_HZ
from facewire_training.evaluation.metrics.pairs import Floats, at_rate, captured
from facewire_training.shape_sets import ALL
from facewire_training.take import Take

RATE = 30
_STILL = 1e-6
"""A weight that deviates by less has no course to correlate."""


def jitter_51(takes: Sequence[Take]) -> float:
    """Return the mean norm of the second difference of the 51 weights, times 30².

    All frames of all takes count the same; nan if takes are short. `steadiness.jitter` is the same
    over 52 weights, with tongueOut.
    """
    return _mean(
        takes, lambda weights: np.linalg.norm(np.diff(weights, n=2, axis=0), axis=1) * RATE**2
    )


def motion_intensity(takes: Sequence[Take]) -> float:
    """Return MAV, the mean absolute velocity: of each of the 51 weights, per second.

    The size of the first difference times 30, the mean over weights and frames; nan if takes are
    short.
    """
    return _mean(takes, lambda weights: np.abs(np.diff(weights, axis=0)).mean(axis=1) * RATE)


def high_frequency_ratio(takes: Sequence[Take]) -> float:
    """Return which share of the movement of the 51 weights is faster than 5 Hz, in power.

    The periodogram of each weight less its mean, pooled over weights and takes; nan if still.
    `liveliness.fast_share` is the same of the mouth alone.
    """
    fast = total = 0.0
    for weights in _moving(takes, 2):
        power = np.abs(np.fft.rfft(weights - weights.mean(axis=0), axis=0)) ** 2
        hertz = np.fft.rfftfreq(len(weights), 1 / RATE)
        fast += float(power[hertz > FAST_HZ].sum())
        total += float(power.sum())
    return fast / total if total > 1e-12 else float("nan")


def autocorrelation(takes: Sequence[Take], lag: int) -> float:
    """Return how much a weight is like itself some frames before, -1 to 1: 1 does not change.

    The sum of products of a weight's deviations from its mean, `lag` frames apart, by the sum of
    their squares: the mean over the weights of a take that move, then over takes; nan if none does.

    Raises:
        ValueError: the lag is not positive.
    """
    if lag < 1:
        raise ValueError(f"a lag of {lag} frames")
    found = []
    for weights in _moving(takes, lag + 1):
        apart = weights - weights.mean(axis=0)
        apart = apart[:, apart.std(axis=0) > _STILL]
        if apart.shape[1]:
            products = (apart[lag:] * apart[:-lag]).sum(axis=0)
            found.append(float((products / (apart**2).sum(axis=0)).mean()))
    return float(np.mean(found)) if found else float("nan")


def _moving(takes: Sequence[Take], least: int) -> Iterator[Floats]:
    """Yield the known weights of takes that have so many frames at 30 a second, [T, S] each."""
    for take in takes:
        weights = at_rate(take, Fraction(RATE))[:, captured(take, ALL)]
        if len(weights) >= least and weights.shape[1]:
            yield weights


def _mean(takes: Sequence[Take], measure: Callable[[Floats], Floats]) -> float:
    pooled = np.concatenate([*(measure(weights) for weights in _moving(takes, 3)), np.zeros(0)])
    return float(pooled.mean()) if len(pooled) else float("nan")
