"""The session of every engine that hears a stream hop by hop: when what is heard, and what is due.

What an engine remembers and does is its `Hearing`; all that sessions have in common is here.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facewire.clock import Clock
from facewire.frames import AudioChunk, BlendshapeFrame, Samples, Stamps, StreamSpec
from facewire_engines.hearing.hop_groups import HopGroups
from facewire_engines.hearing.hop_intake import HopIntake, stream_spec


class Hearing(Protocol):
    """What an engine remembers about one stream. Used by one thread at a time."""

    def hear(self, samples: Samples) -> None:
        """Take the next hops, `[n * hop]`, as many as the session was told may come together."""
        ...

    def face(self, timestamp: int, spec: StreamSpec, /) -> tuple[NDArray[np.float32], float]:
        """Return the weights `[52]` of a moment from what was heard, and how surely it is speech.

        Moments come in order, each once all hops within its look-ahead were heard.
        """
        ...


class HopSession:
    """One stream. Used by one thread at a time."""

    def __init__(
        self,
        hearing: Hearing,
        spec: StreamSpec,
        clock: Clock | None,
        *,
        hop: int,
        together: int = 1,
    ) -> None:
        """Begin with nothing heard.

        Args:
            hearing: of this stream alone.
            spec: of the stream.
            clock: stamps the stages of frames; without one they have no stamps.
            hop: samples that are heard at a time.
            together: how many hops may be heard at once.
        """
        self.spec = spec
        self._hearing = hearing
        self._clock = clock
        self._hop = hop
        self._intake = HopIntake(spec, hop)
        self._groups = HopGroups(spec, hop, together)
        self._heard = 0
        """Hops."""
        self._frames = 0

    def push(self, chunk: AudioChunk) -> list[BlendshapeFrame]:
        """Take the next samples and return the frames that they complete.

        Raises:
            ValueError: the chunk does not start where the last one ended, has another rate, or
                comes after the end.
        """
        return self._take(self._intake.push(chunk), chunk.captured)

    def flush(self) -> list[BlendshapeFrame]:
        """End the stream and return its last frames, as if silence followed; none if it ended."""
        if self._intake.ended:
            return []
        return self._take(self._intake.flush(), self._now())

    def close(self) -> None:
        """End the stream without its last frames; what it holds goes with it."""
        self._intake.ended = True

    def _take(self, hops: Samples, captured: int) -> list[BlendshapeFrame]:
        frames = self._ready(Stamps(captured=captured))
        for samples in self._groups.add(hops):
            started = self._now()
            self._hearing.hear(samples)
            self._heard += len(samples) // self._hop
            stamps = Stamps(captured=captured, started=started, encoded=self._now())
            frames += self._ready(stamps)
        return frames

    def _ready(self, stamps: Stamps) -> list[BlendshapeFrame]:
        """Make every frame whose look-ahead ends within what was heard."""
        frames: list[BlendshapeFrame] = []
        while self._intake.is_due(timestamp := self.spec.timestamp(self._frames), self._heard):
            weights, speech = self._hearing.face(timestamp, self.spec)
            done = Stamps(stamps.captured, stamps.started, stamps.encoded, self._now())
            frames.append(
                BlendshapeFrame(weights, self._frames, timestamp, speech=speech, stamps=done)
            )
            self._frames += 1
        return frames

    def _now(self) -> int:
        return self._clock.now() if self._clock else 0


class TunableHopSession(HopSession):
    """One stream whose look-ahead can be changed while it runs."""

    def __init__(
        self,
        hearing: Hearing,
        spec: StreamSpec,
        clock: Clock | None,
        *,
        hop: int,
        longest_ms: float,
        together: int = 1,
    ) -> None:
        """Begin with nothing heard; `longest_ms` is the most look-ahead that there is."""
        super().__init__(hearing, spec, clock, hop=hop, together=together)
        self._longest_ms = longest_ms

    def set_lookahead(self, lookahead_ms: float) -> int:
        """Let frames listen further ahead, or less far, from now on; see `TunableSession`.

        Raises:
            ConfigError: it is out of range.
        """
        rate = self.spec.sample_rate
        self.spec = stream_spec(self.spec.frame_rate, lookahead_ms, self._longest_ms, rate)
        self._groups.retune(self.spec)
        return self._intake.retune(self.spec, self._frames, self._groups.heard)
