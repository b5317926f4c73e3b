"""Faces from audio and what is known of its times: heard, aligned, and decoded as phones are.

The encoder listens as far ahead as it is surest, and the decoder looks ahead into the tokens, so a
face needs `NEEDED_MS` of audio after it. That costs no time where speech comes faster than it is
heard.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from facewire.clock import Clock
from facewire.frames import AudioChunk, BlendshapeFrame, Samples, StreamSpec
from facewire.speaking.alignment.marks import MarkSpan
from facewire.tokens import TokenChunk
from facewire_engines.backends.graph import Graph
from facewire_engines.hearing.hop_intake import SAMPLE_RATE
from facewire_engines.phones.alignment.aligner import Aligner
from facewire_engines.phones.alignment.units import Pronounce
from facewire_engines.phones.geometry import HOP, SUREST
from facewire_engines.phones.token_session import (
    MAX_LOOKAHEAD_MS,
    PHONETIC,
    PhonesTokenDecoder,
)

NEEDED_MS = MAX_LOOKAHEAD_MS + SUREST * HOP * 1000 // SAMPLE_RATE
"""How much audio a face needs after its own time."""

Array = NDArray[np.float32]
_ALONE = np.zeros(1, np.int64)


class PhonesAlignedSession:
    """One turn. Used by one thread at a time."""

    def __init__(
        self,
        encoder: Graph,
        decoder: PhonesTokenDecoder,
        pronounce: Pronounce,
        *,
        frame_rate: Fraction,
        together: int,
        clock: Clock | None,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin with nothing heard.

        Args:
            encoder: hears.
            decoder: of the model's tokens.
            pronounce: knows the sounds of words.
            frame_rate: of the faces.
            together: how many hops one run of the encoder takes.
            clock: stamps the frames.
            on_end: is called once, when the session is flushed or closed.
        """
        self._hearing = _Hearing(encoder, together)
        self._tokens = decoder.session(frame_rate=frame_rate, clock=clock)
        self._aligner = Aligner(pronounce)
        self._on_end = on_end
        self._taken = 0
        self._samples = 0
        self._ended = False

    @property
    def spec(self) -> StreamSpec:
        """The geometry of the stream; its look-ahead is that into the tokens."""
        return self._tokens.spec

    def align(self, spans: Sequence[MarkSpan]) -> None:
        """Learn all that is known by now, in place of what was; for faces that are not made yet."""
        self._aligner.align(spans)

    def push(self, chunk: AudioChunk) -> list[BlendshapeFrame]:
        """Take the next samples and return the frames that they complete.

        Raises:
            ValueError: the chunk does not start where the last one ended, has another rate, or
                comes after the end.
        """
        if chunk.sample_rate != SAMPLE_RATE or chunk.start != self._samples or self._ended:
            raise ValueError(
                f"expected sample {self._samples} at {SAMPLE_RATE} Hz of a stream that has not "
                f"ended, got sample {chunk.start} at {chunk.sample_rate} Hz"
            )
        self._samples = chunk.end
        return self._decode(*self._hearing.hear(chunk.samples))

    def flush(self) -> list[BlendshapeFrame]:
        """End the stream and return its last frames, as if silence followed; none if it ended."""
        if self._ended:
            return []
        frames = self._decode(*self._hearing.finish(self._samples)) + self._tokens.flush()
        self.close()
        end = self._samples
        return [frame for frame in frames if frame.timestamp < end]

    def close(self) -> None:
        """End the stream without its last frames; what it holds goes with it."""
        if not self._ended:
            self._ended = True
            self._tokens.close()
            self._on_end()

    def _decode(self, heard: Array, effort: Array) -> list[BlendshapeFrame]:
        if not len(heard):
            return []
        rows = self._aligner.take(heard)
        chunk = TokenChunk(rows, PHONETIC, 0, self._taken, SAMPLE_RATE)
        self._taken += len(rows)
        return self._tokens.push(chunk, effort)


class _Hearing:
    """Hears what the phones of a stream were, a little later: when the encoder is surest."""

    def __init__(self, encoder: Graph, together: int) -> None:
        self._encoder = encoder.streams(1)
        self._size = together * HOP
        self._waiting: Samples = np.zeros(0, np.float32)
        self._hops = 0

    def hear(self, samples: Samples) -> tuple[Array, Array]:
        """Return the probabilities, [T, C], and the effort, [T], of what is sure by now."""
        waiting = np.concatenate((self._waiting, samples))
        whole = len(waiting) // self._size * self._size
        self._waiting = waiting[whole:]
        rows: list[Array] = []
        efforts: list[np.float32] = []
        for first in range(0, whole, self._size):
            inputs = {"samples": waiting[None, first : first + self._size]}
            classes, effort = self._encoder.step(_ALONE, inputs)
            for place in range(classes.shape[1]):
                self._hops += 1
                if self._hops > SUREST:
                    rows.append(classes[0, place, SUREST].copy())
                    efforts.append(effort[0, place, SUREST])
        probabilities = np.stack(rows) if rows else np.zeros((0, PHONETIC.vocabulary), np.float32)
        return probabilities, np.array(efforts, np.float32)

    def finish(self, samples: int) -> tuple[Array, Array]:
        """Return what is left of so many samples in all, to whole tokens."""
        tokens = -(-samples // HOP)
        missing = max(0, tokens - max(0, self._hops - SUREST))
        needed = -(-(tokens + SUREST - self._hops) * HOP // self._size) * self._size
        silence = np.zeros(max(0, needed - len(self._waiting)), np.float32)
        heard, effort = self.hear(silence)
        return heard[:missing], effort[:missing]
