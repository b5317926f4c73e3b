"""Pieces of speech on their way to a turn: made or decoded, or as a client sent them."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from facewire.frames import Samples
from facewire.speaking.voice import Span

NO_SAMPLES: Samples = np.zeros(0, np.float32)
NO_TOKENS: NDArray[np.int32] = np.zeros(0, np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class SpeechPart:
    """A piece of speech on its way to a turn; what it lacks is empty."""

    samples: Samples = field(default_factory=NO_SAMPLES.copy)
    """To be played, at the rate of the stream."""
    heard: Samples = field(default_factory=NO_SAMPLES.copy)
    """The same for the encoder, at the rate of the engine."""
    tokens: NDArray[np.int32] = field(default_factory=NO_TOKENS.copy)
    words: tuple[Span, ...] = ()

    def only_tokens(self, most: int) -> bool:
        """Tell whether it is nothing but tokens, and at most so many."""
        return 0 < len(self.tokens) <= most and not (
            len(self.samples) or len(self.heard) or self.words
        )


@dataclass(frozen=True, slots=True, eq=False)
class UndecodedAudio:
    """A piece of pushed audio as it came: a fraction of the size of what it becomes."""

    decode: Callable[[bytearray], SpeechPart]
    """In a thread, in order."""
    pcm: bytearray
    bytes_per_second: int
    whole: int = 0
    """Bytes up to which it takes what comes next; 0 if it is the last."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.pcm) / self.bytes_per_second

    def join(self, following: "UndecodedAudio") -> bool:
        """Take what follows, too, if there is room; not while a thread decodes it."""
        if len(self.pcm) + len(following.pcm) > min(self.whole, following.whole):
            return False
        self.pcm.extend(following.pcm)
        return True
