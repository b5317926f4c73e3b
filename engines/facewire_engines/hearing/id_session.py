"""A session of ids: what is the same under every decoder of them."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facewire.clock import Clock
from facewire.frames import BlendshapeFrame, Stamps, StreamSpec
from facewire.tokens import TokenChunk, TokenSpace
from facewire_engines.hearing.token_intake import TokenIntake


class IdMemory(Protocol):
    """What a decoder remembers of one stream of ids."""

    def take(self, ids: NDArray[np.int64]) -> None:
        """Take the next ones, [T]."""
        ...

    def end(self) -> None:
        """Know that no more come."""
        ...

    def face(self, timestamp: int) -> tuple[NDArray[np.float32], float] | None:
        """Return the weights `[52]` at a sample, and how surely somebody speaks.

        Samples are asked about in order.

        Returns:
            None while ids are missing that end within the look-ahead.
        """
        ...


class IdSession:
    """All that is remembered about one stream of tokens. Used by one thread at a time.

    A frame leaves once every token exists that ends within its look-ahead, so how tokens were
    chunked changes nothing. Frames are decoded one by one, for the same reason to the last bit.
    """

    def __init__(
        self, space: TokenSpace, spec: StreamSpec, memory: IdMemory, clock: Clock | None
    ) -> None:
        """Begin; with a clock, frames carry stage stamps."""
        self.spec = spec
        self._memory = memory
        self._clock = clock
        self._intake = TokenIntake(space, spec)
        self._frames = 0

    def push(self, chunk: TokenChunk) -> list[BlendshapeFrame]:
        """Take the next tokens and return the frames that they complete.

        Raises:
            ValueError: the tokens are of another space or clock, are no ids, or do not follow the
                last ones.
        """
        if not chunk.is_ids:
            raise ValueError("expected ids, got probabilities")
        self._intake.take(chunk)
        self._memory.take(chunk.tokens.astype(np.int64))
        return self._ready()

    def flush(self) -> list[BlendshapeFrame]:
        """End the stream and return its last frames; there are none if it has ended."""
        if self._intake.ended:
            return []
        self._intake.end()
        self._memory.end()
        return self._ready()

    def close(self) -> None:
        """End the stream without its last frames."""
        self._intake.end()

    def _ready(self) -> list[BlendshapeFrame]:
        """Make every frame all of whose tokens are known."""
        frames: list[BlendshapeFrame] = []
        started = self._now()
        while (timestamp := self.spec.timestamp(self._frames)) < self._intake.received:
            face = self._memory.face(timestamp)
            if face is None:
                break
            weights, speech = face
            stamps = Stamps(started=started, encoded=started, decoded=self._now())
            turn = self._intake.turn(timestamp)
            frames.append(
                BlendshapeFrame(weights, self._frames, timestamp, turn, speech, stamps=stamps)
            )
            self._frames += 1
        return frames

    def _now(self) -> int:
        return self._clock.now() if self._clock else 0
