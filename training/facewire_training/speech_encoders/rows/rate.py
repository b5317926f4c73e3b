"""Rows of an encoder as frames of a face, by fractions: nothing is rounded, so nothing drifts.

Frame `f` is at `f / frame_rate` seconds, row `k` at `(k + middle) / rate`. A frame lies between two
rows and takes a share of each; from 25 Hz to 30 frames a second the shares repeat every 6 frames.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewire_training.speech_encoders.encoder import Representation


@dataclass(frozen=True, slots=True)
class RateConversion:
    """From rows to frames.

    Raises:
        ValueError: a rate is not above 0, or the middle of a row is not in it.
    """

    rate: Fraction
    """Rows a second."""
    frame_rate: Fraction
    """Frames a second."""
    middle: Fraction = Fraction(1, 2)
    """See `Representation`."""

    def __post_init__(self) -> None:
        if self.rate <= 0 or self.frame_rate <= 0 or not 0 <= self.middle <= 1:
            raise ValueError(f"impossible rates: {self}")

    @staticmethod
    def of(representation: Representation, frame_rate: Fraction) -> "RateConversion":
        """Return the conversion of an encoder's rows."""
        return RateConversion(representation.rate, frame_rate, representation.middle)

    def place(self, frame: int) -> tuple[int, Fraction]:
        """Return the last row that is not after a frame, -1 before the first; and the next's share.

        The share is in [0, 1): how much of the row after it there is in the frame.
        """
        position = frame * self.rate / self.frame_rate - self.middle
        row = floor(position)
        return row, position - row

    def places(self, frames: range) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
        """Return what `place` does of many frames: rows, and shares as numerators of one whole."""
        step, middle = self.rate / self.frame_rate, self.middle
        whole = step.denominator * middle.denominator
        numbers = np.arange(frames.start, frames.stop, dtype=np.int64)
        positions = numbers * (step.numerator * middle.denominator)
        rows, shares = np.divmod(positions - middle.numerator * step.denominator, whole)
        return rows, shares, whole

    def frames(self, rows: int) -> int:
        """Return how many frames begin within the periods of so many rows."""
        return ceil(rows * self.frame_rate / self.rate)

    def ready(self, rows: int) -> int:
        """Return how many frames the first `rows` rows settle, whatever follows them."""
        if rows == 0:
            return 0
        settled = floor((rows - 1 + self.middle) * self.frame_rate / self.rate) + 1
        return min(settled, self.frames(rows))


class RowsToFrames:
    """One stream of rows on its way to frames; pieces of any size give what the whole gives.

    Before the first row's moment the first one holds, after the last one's the last.
    """

    def __init__(self, conversion: RateConversion) -> None:
        self.conversion = conversion
        self._kept: NDArray[np.generic] | None = None
        self._first = 0
        """Number of the first row that is kept."""
        self._next = 0
        """Number of the frame that comes next."""

    def push(self, rows: NDArray[np.generic]) -> NDArray[np.generic]:
        """Take the next rows, and return the frames that they settle.

        Args:
            rows: float `[N, width]` features, mixed by their shares, or integer `[N, codebooks]`
                ids, of which the nearest is taken, the earlier of two.

        Returns:
            `[F, width]` or `[F, codebooks]` of the same type.
        """
        kept = rows.copy() if self._kept is None else np.concatenate((self._kept, rows))
        self._kept = kept
        frames = self._until(self.conversion.ready(self._first + len(kept)))
        needed = max(0, self.conversion.place(self._next)[0])
        passed = min(needed - self._first, len(kept))
        self._kept, self._first = kept[passed:], self._first + passed
        return frames

    def flush(self) -> NDArray[np.generic]:
        """Return the frames that are left within the last rows' periods.

        Raises:
            ValueError: nothing has been pushed, not even an empty array that says how wide rows
                are.
        """
        if self._kept is None:
            raise ValueError("no rows have been pushed")
        return self._until(self.conversion.frames(self._first + len(self._kept)))

    def _until(self, end: int) -> NDArray[np.generic]:
        assert self._kept is not None
        kept, last = self._kept, self._first + len(self._kept) - 1
        numbers = range(self._next, max(self._next, end))
        self._next = numbers.stop
        rows, shares, whole = self.conversion.places(numbers)
        if np.issubdtype(kept.dtype, np.integer):
            return kept[np.clip(rows + (2 * shares > whole), 0, last) - self._first]
        before: Any = kept[np.clip(rows, 0, last) - self._first]
        after: Any = kept[np.clip(rows + 1, 0, last) - self._first]
        share: Any = (shares / whole).astype(kept.dtype)[:, None]
        mixed: NDArray[np.generic] = before * (1 - share) + after * share
        return mixed


def to_frames(rows: NDArray[np.generic], conversion: RateConversion) -> NDArray[np.generic]:
    """Return the frames of a whole utterance: `conversion.frames(len(rows))` of them."""
    stream = RowsToFrames(conversion)
    return np.concatenate((stream.push(rows), stream.flush()))
