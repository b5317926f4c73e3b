"""Speech tokens: what a TTS knows before its audio exists, on the clock of that audio.

All mapping between tokens, samples and frames is rational and starts from the index, so nothing
accumulates: 5 tokens of 25 Hz are 6 frames at 30 frames a second, for ever.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TokenSpace:
    """What the tokens of one tokenizer or TTS mean, and how often they come."""

    name: str
    rate: Fraction
    """Tokens a second."""
    vocabulary: int
    """How many classes there are; ids are below it."""

    def __post_init__(self) -> None:
        if self.rate <= 0 or self.vocabulary < 1:
            raise ValueError(f"impossible token space: {self}")

    def sample(self, index: int, sample_rate: int) -> int:
        """Return the first sample of token `index`, counted from the first sample of token 0."""
        return index * sample_rate * self.rate.denominator // self.rate.numerator

    def token(self, sample: int, sample_rate: int) -> int:
        """Return the token that covers a sample: the last whose first sample is not after it."""
        seconds = Fraction(sample + 1, sample_rate)
        return _ceil(seconds * self.rate) - 1

    def frame(self, index: int, frame_rate: Fraction) -> int:
        """Return the first frame whose time is not before token `index`; both begin at 0."""
        return _ceil(index * frame_rate / self.rate)

    def frames(self, first: int, end: int, frame_rate: Fraction) -> range:
        """Return the frames that belong to tokens `[first, end)`; neighbours share none."""
        return range(self.frame(first, frame_rate), self.frame(end, frame_rate))


@dataclass(frozen=True, slots=True, eq=False)
class TokenChunk:
    """A run of consecutive tokens of one turn.

    Raises:
        ValueError: a token is outside of the vocabulary, or the shape is wrong.
    """

    tokens: NDArray[np.int32] | NDArray[np.float32]
    """Ids [T], or the probabilities of the classes [T, C]."""
    space: TokenSpace
    origin: int
    """Where token 0 of the turn begins: a sample of the stream's audio clock."""
    first: int
    """Position of the first of these tokens in the turn."""
    sample_rate: int
    """Hz, of the audio clock."""
    turn: int = 0
    """Which utterance of the stream."""

    def __post_init__(self) -> None:
        shape = (len(self.tokens),) if self.is_ids else (len(self.tokens), self.space.vocabulary)
        if self.tokens.shape != shape or self.sample_rate <= 0 or self.first < 0:
            raise ValueError(f"no tokens of {self.space.name!r} have the shape {self.tokens.shape}")
        if self.is_ids and len(self.tokens):
            low, high = int(self.tokens.min()), int(self.tokens.max())
            if low < 0 or high >= self.space.vocabulary:
                raise ValueError(
                    f"token {low if low < 0 else high} is outside of {self.space.name!r}, which "
                    f"has {self.space.vocabulary} classes"
                )

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def is_ids(self) -> bool:
        """Whether the tokens are ids, not probabilities."""
        return bool(np.issubdtype(self.tokens.dtype, np.integer))

    @property
    def start(self) -> int:
        """The first sample of the first token."""
        return self.origin + self.space.sample(self.first, self.sample_rate)

    @property
    def end(self) -> int:
        """The first sample after the last token."""
        return self.origin + self.space.sample(self.first + len(self), self.sample_rate)

    def starts(self) -> NDArray[np.int64]:
        """Return the first sample of each token, [T]."""
        indices = np.arange(self.first, self.first + len(self), dtype=np.int64)
        rate = self.space.rate
        return self.origin + indices * self.sample_rate * rate.denominator // rate.numerator

    def probabilities(self) -> NDArray[np.float32]:
        """Return the probabilities of the classes, [T, C]; those of ids are one-hot."""
        if self.is_ids:
            rows = np.zeros((len(self), self.space.vocabulary), np.float32)
            rows[np.arange(len(self)), self.tokens.astype(np.int64)] = 1.0
            return rows
        return self.tokens.astype(np.float32, copy=False)


def _ceil(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)
