"""A stream that speaks: its faces come from tokens that stand ready before their audio is played.

For the pipeline it is an engine session like any other, which gets the audio as it is played.
"""

from collections import deque

from facewire.frames import AudioChunk, BlendshapeFrame, StreamSpec
from facewire.speaking.voice import TokenSession
from facewire.tokens import TokenChunk

_BITE = 5
"""Tokens that are decoded at once: short work between two chunks of audio."""


class SpeechSession:
    """Gives each face `lead` samples before its audio. Used by one thread at a time."""

    def __init__(self, tokens: TokenSession, lead: int = 0) -> None:
        """Get ready.

        Args:
            tokens: turns tokens into faces.
            lead: how many samples before its own a face leaves, where tokens allow.
        """
        self.spec = StreamSpec(tokens.spec.sample_rate, tokens.spec.frame_rate, 0)
        self.lead = lead
        self.horizon = lead + tokens.spec.lookahead
        """How many samples past the audio there must be tokens."""
        self._tokens = tokens
        self._waiting: deque[TokenChunk] = deque()
        self._received = 0
        self._complete = False
        self._flushed = False
        self._ended = False

    def finish(self) -> None:
        """Say that no more tokens come, so that the last faces need not wait for any."""
        self._complete = True

    def feed(self, chunk: TokenChunk) -> None:
        """Take tokens that follow the last ones; their faces come when their time does."""
        for first in range(0, len(chunk), _BITE):
            self._waiting.append(
                TokenChunk(
                    chunk.tokens[first : first + _BITE],
                    chunk.space,
                    chunk.origin,
                    chunk.first + first,
                    chunk.sample_rate,
                    chunk.turn,
                )
            )

    def push(self, chunk: AudioChunk) -> list[BlendshapeFrame]:
        """Move the clock to the end of the chunk, and return the faces that are due.

        Raises:
            ValueError: the chunk does not start where the last one ended, has another rate, or
                comes after `close`.
        """
        if self._ended:
            raise ValueError("the stream has ended")
        if chunk.sample_rate != self.spec.sample_rate or chunk.start != self._received:
            raise ValueError(
                f"expected sample {self._received} at {self.spec.sample_rate} Hz, got sample "
                f"{chunk.start} at {chunk.sample_rate} Hz"
            )
        self._received = chunk.end
        frames: list[BlendshapeFrame] = []
        while self._waiting and self._waiting[0].start < chunk.end + self.horizon:
            frames += self._tokens.push(self._waiting.popleft())
        if self._complete and not self._waiting:
            frames += self.flush()
        return frames

    def flush(self) -> list[BlendshapeFrame]:
        """Return the faces that are left."""
        frames: list[BlendshapeFrame] = []
        while self._waiting:
            frames += self._tokens.push(self._waiting.popleft())
        if not self._flushed:
            self._flushed = True
            frames += self._tokens.flush()
        return frames

    def close(self) -> None:
        """End the stream without its last frames."""
        self._flushed = self._ended = True
        self._waiting.clear()
        self._tokens.close()
