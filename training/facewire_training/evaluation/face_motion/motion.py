"""What is known of one clip: when somebody speaks in it, and how the face moves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

RATE = 25
"""Frames per second, GRID's."""
EASE_S = 0.3
"""Of a silence beside speech, which is no pause."""


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """A clip with one phrase, frame by frame at `RATE`; NaN where no face was seen."""

    begin_s: float
    """When the phrase begins."""
    end_s: float
    curves: dict[str, Floats]
    """[T] each: mm by `points.MEASURES`, and degrees of the head."""
    lids: Floats
    """How far both are closed, [T]."""

    def times_s(self) -> Floats:
        """Return when each frame is, [T]."""
        return np.arange(len(self.lids)) / RATE

    def in_speech(self) -> Mask:
        """Return which frames are in the phrase, [T]."""
        times = self.times_s()
        return np.asarray((times >= self.begin_s) & (times < self.end_s))

    def in_pause(self) -> Mask:
        """Return which frames are well before or after it, [T]."""
        times = self.times_s()
        return np.asarray((times < self.begin_s - EASE_S) | (times >= self.end_s + EASE_S))
