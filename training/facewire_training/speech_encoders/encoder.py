"""What a speech encoder is: audio in, one vector or one set of ids out, at a rate of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Family = Literal["semantic", "semantic-acoustic", "acoustic", "labels"]
"""Of a representation (Correa et al. 2026, table 1): continuous features of a self-supervised or
recognition network; a codec whose first level tells phones; a codec alone; ids under a recognition
loss."""


@dataclass(frozen=True, slots=True)
class Representation:
    """What comes out of an encoder, and when it holds."""

    name: str
    """Of the encoder, as the command line calls it."""
    family: Family
    rate: Fraction
    """Rows a second."""
    width: int = 0
    """Numbers in a row of features; 0 where rows are ids."""
    codebooks: int = 0
    """Ids in a row; 0 where rows are features."""
    vocabulary: int = 0
    """Ids of each codebook are below it."""
    middle: Fraction = Fraction(1, 2)
    """Row `k` stands for the sound around `(k + middle) / rate` seconds."""

    @property
    def is_ids(self) -> bool:
        """Whether rows are ids, not features."""
        return self.codebooks > 0

    def rows(self, samples: int, sample_rate: int) -> int:
        """Return how many rows so many samples have: the whole periods in them."""
        return int(samples * self.rate / sample_rate)


class SpeechEncoder(Protocol):
    """A loaded encoder. Nothing of it learns."""

    @property
    def representation(self) -> Representation:
        """What comes out of it."""
        ...

    @property
    def sample_rate(self) -> int:
        """The rate of the audio that it takes, in Hz."""
        ...

    def encode(self, speech: Sequence[NDArray[np.float32]]) -> list[NDArray[np.generic]]:
        """Encode whole utterances, several in one run; who else is in the run changes nothing.

        Args:
            speech: mono utterances, each `[T]` in [-1, 1] at `sample_rate`.

        Returns:
            For each of them float32 features `[N, width]` or int32 ids `[N, codebooks]`, where N is
            what `Representation.rows` says of its length.
        """
        ...
