"""Takes beside references of the same speech, frame for frame."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from facewire_training.take import Take

Floats = NDArray[np.float64]
Shapes = NDArray[np.intp]
"""Places in `arkit.NAMES`."""


def at_rate(take: Take, frame_rate: Fraction) -> Floats:
    """Return a take's weights at another frame rate, [T, 52], by linear interpolation."""
    if take.frame_rate == frame_rate:
        return take.weights.astype(np.float64)
    times = np.arange(len(take)) / float(take.frame_rate)
    wanted = np.arange(int(len(take) / take.frame_rate * frame_rate)) / float(frame_rate)
    columns = [np.interp(wanted, times, column) for column in take.weights.T]
    return np.stack(columns, axis=1)


def paired(takes: Sequence[Take], references: Sequence[Take]) -> Iterator[tuple[Floats, Floats]]:
    """Yield the weights of each take and of its reference, [T, 52] each, at the reference's rate.

    Raises:
        ValueError: there are not as many references as takes.
    """
    for take, reference in zip(takes, references, strict=True):
        weights = at_rate(take, reference.frame_rate)
        count = min(len(weights), len(reference))
        yield weights[:count], reference.weights[:count].astype(np.float64)


def captured(reference: Take, shapes: Shapes) -> Shapes:
    """Return those of some shapes that a reference has; the others say nothing, and are not 0."""
    return shapes if reference.known is None else shapes[reference.known[shapes]]
