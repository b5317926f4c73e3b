"""What every session does with audio before its model sees it, and how it knows what is due."""

from fractions import Fraction

import numpy as np

from facewire.errors import ConfigError
from facewire.frames import AudioChunk, Samples, StreamSpec

SAMPLE_RATE = 16_000


def stream_spec(
    frame_rate: Fraction, lookahead_ms: float, longest_ms: float, sample_rate: int = SAMPLE_RATE
) -> StreamSpec:
    """Return the geometry of a stream.

    Raises:
        ConfigError: the look-ahead is longer than `longest_ms`, or the frame rate out of range.
    """
    if not 0 <= lookahead_ms <= longest_ms:
        raise ConfigError(
            f"a look-ahead of {lookahead_ms:g} ms is out of range; choose 0 to {longest_ms:g} ms"
        )
    if not 1 <= frame_rate <= 240:
        raise ConfigError(f"{frame_rate} frames a second is out of range; choose 1 to 240")
    return StreamSpec(sample_rate, frame_rate, round(lookahead_ms * sample_rate / 1000))


def hops_within(spec: StreamSpec, timestamp: int, hop: int) -> int:
    """Return how many hops of a stream end within the look-ahead of a frame."""
    return (timestamp + spec.lookahead) // hop


class HopIntake:
    """Takes chunks of any length, and gives whole hops: how audio was cut is forgotten here."""

    def __init__(self, spec: StreamSpec, hop: int) -> None:
        self.ended = False
        self._spec = spec
        self._hop = hop
        self._received = 0
        self._pending: Samples = np.zeros(0, np.float32)

    def check(self, chunk: AudioChunk) -> None:
        """Refuse a chunk that `push` would refuse.

        Raises:
            ValueError: it does not start where the last one ended, has another rate, or comes
                after the end.
        """
        if chunk.sample_rate != self._spec.sample_rate or chunk.start != self._received:
            raise ValueError(
                f"expected sample {self._received} at {self._spec.sample_rate} Hz, got sample "
                f"{chunk.start} at {chunk.sample_rate} Hz"
            )
        if self.ended:
            raise ValueError("the stream has ended")

    def push(self, chunk: AudioChunk) -> Samples:
        """Take a chunk, and return the hops `[N, hop]` that it completes.

        Raises:
            ValueError: as `check` does.
        """
        self.check(chunk)
        return self.take(chunk)

    def take(self, chunk: AudioChunk) -> Samples:
        """Do as `push` does with a chunk that `check` has seen."""
        self._received = chunk.end
        return self._cut(chunk.samples)

    def flush(self) -> Samples:
        """End the stream, and return hops of what is left and of silence past every look-ahead."""
        self.ended = True
        return self._cut(np.zeros(self._spec.lookahead + 2 * self._hop, np.float32))

    def is_due(self, timestamp: int, hops: int) -> bool:
        """Tell whether a frame's look-ahead ends within so many hops, and its sample is there."""
        heard = hops_within(self._spec, timestamp, self._hop) <= hops
        return heard and timestamp < self._received

    def retune(self, spec: StreamSpec, frames: int, hops: int) -> int:
        """Let another look-ahead hold from now on.

        Args:
            spec: the same stream with the other look-ahead.
            frames: how many frames have been made.
            hops: how many hops have been heard.

        Returns:
            The first frame for which it holds exactly. Those before it that are not made yet have
            waited for the longer look-ahead of before, and come with what they have heard.
        """
        self._spec = spec
        while self.is_due(spec.timestamp(frames), hops):
            frames += 1
        return frames

    def _cut(self, samples: Samples) -> Samples:
        pending = samples.astype(np.float32, copy=False)
        if len(self._pending):
            pending = np.concatenate((self._pending, pending))
        whole = len(pending) // self._hop * self._hop
        self._pending = pending[whole:]
        return pending[:whole].reshape(-1, self._hop)
