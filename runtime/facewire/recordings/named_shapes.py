"""Which of ARKit's shapes a recording names, and at which rate its frames come."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.frame_rate import HIGHEST, LOWEST

_FEWEST_SHAPES = 4
_COMMON_RATES = (Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001))


def named_shapes(names: Sequence[str]) -> NDArray[np.bool_]:
    """Return which of the 52 shapes are among the names, whatever their case, [52].

    Raises:
        ValueError: hardly any is.
    """
    known = arkit.from_named(np.ones(len(names), np.float32), names) > 0
    if known.sum() < _FEWEST_SHAPES:
        raise ValueError("it does not name ARKit's blendshapes in its first line or `names`")
    return np.asarray(known)


def needed_rate(found: Fraction | None, given: Fraction | None) -> Fraction:
    """Return what a file tells of its rate, or else what the user says.

    Raises:
        ValueError: nobody tells, or it is no rate of faces.
    """
    rate = given if found is None else found
    if rate is None:
        raise ValueError("it does not tell its frame rate; give one, or add a column `time_s`")
    if not LOWEST <= rate <= HIGHEST:
        raise ValueError(
            f"it has {float(rate):g} frames a second, where faces have {LOWEST} to {HIGHEST}"
        )
    return rate


def common_rate(measured: float) -> Fraction:
    """Return the common frame rate that was meant, if it is within a thousandth."""
    for rate in (Fraction(round(measured)), *_COMMON_RATES):
        if abs(float(rate) - measured) < 0.0005 * measured:
            return rate
    return Fraction(measured).limit_denominator(1001)
