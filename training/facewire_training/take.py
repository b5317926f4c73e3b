"""What metrics measure: the face of one utterance, beside what was truly said."""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from facewire.face.lips import lip_gap
from facewire_training.phones import PhoneInterval

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """The face of one utterance.

    Frame `i` is shown `i / frame_rate + late_s` seconds after the utterance's start.
    """

    weights: NDArray[np.float32]
    """[T, 52], by `facewire.arkit.NAMES`."""
    frame_rate: Fraction
    """Frames per second."""
    phones: tuple[PhoneInterval, ...]
    """What is said, in order of time."""
    known: Mask | None = None
    """[52], which shapes were captured: the others are 0 and mean nothing. None if all were."""
    late_s: float = 0.0
    """By how much each frame is shown later than at its own timestamp, in seconds."""

    def __len__(self) -> int:
        return len(self.weights)

    def gap(self) -> NDArray[np.float32]:
        """Return the lip gap of each frame, [T]; 1 is the gap of jawOpen = 1."""
        return lip_gap(self.weights)

    def frames(self, phone: PhoneInterval, grace: int = 0) -> slice:
        """Return the frames shown during a phone, and `grace` more on each side."""
        first = math.ceil(round((phone.start_s - self.late_s) * self.frame_rate, 6))
        last = math.ceil(round((phone.end_s - self.late_s) * self.frame_rate, 6))
        return slice(max(first - grace, 0), max(min(last + grace, len(self)), 0))

    def occurrences(
        self, labels: Collection[str], grace: int = 0, shortest_s: float = 0.0
    ) -> Iterator[slice]:
        """Yield the frames of each phone with one of the labels, if it has any."""
        for phone in self.phones:
            if phone.label in labels and phone.duration_s >= shortest_s - 1e-9:
                frames = self.frames(phone, grace)
                if frames.stop > frames.start:
                    yield frames

    def mask(self, labels: Collection[str], grace: int = 0) -> Mask:
        """Return which frames are shown during phones with one of the labels, [T]."""
        found = np.zeros(len(self), np.bool_)
        for frames in self.occurrences(labels, grace):
            found[frames] = True
        return found
