"""One stream of the batched engine: what it remembers besides its row, and the work it asks for."""

import weakref
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from facewire.clock import SECOND, Clock
from facewire.frames import AudioChunk, BlendshapeFrame, Samples, Stamps, StreamSpec
from facewire_engines.phones import HOP, SAMPLE_RATE
from facewire_engines.phones_rows import Array

HOP_NS = HOP * SECOND // SAMPLE_RATE


class Runner(Protocol):
    """What a session needs of its engine."""

    def run(self, take: "Take") -> list[BlendshapeFrame]:
        """Do one session's steps, together with what others want, and return its frames."""
        ...

    def now(self) -> int:
        """Return the time that deadlines are told in, in ns."""
        ...

    def release(self, row: int) -> None:
        """Take a row back."""
        ...


class BatchedPhonesSession:
    """One stream. Used by one thread at a time; its tensors are a row of its engine's."""

    def __init__(self, engine: Runner, row: int, spec: StreamSpec, clock: Clock | None) -> None:
        self.spec = spec
        self.row = row
        self.hops = 0
        """How many were encoded."""
        self.frames = 0
        """How many were decoded."""
        self._engine = engine
        self._clock = clock
        self._pending: Samples = np.zeros(0, np.float32)
        self._received = 0
        self._flushed = False
        self._interval_ns = int(SECOND / spec.frame_rate)
        self._leave = weakref.finalize(self, engine.release, row)

    def push(self, chunk: AudioChunk) -> list[BlendshapeFrame]:
        """Take the next samples and return the frames that they complete.

        Raises:
            ValueError: the chunk does not start where the last one ended, has another rate, or
                holds values that are not finite.
            EngineError: the samples made the model overflow; the stream has ended.
        """
        self.check(chunk)
        return self._engine.run(self.take(chunk.samples, chunk.captured))

    def flush(self) -> list[BlendshapeFrame]:
        """End the stream, return its last frames as if silence followed, and free its row."""
        if self._flushed:
            return []
        self._flushed = True
        silence = np.zeros(self.spec.lookahead + 2 * HOP, np.float32)
        try:
            return self._engine.run(self._cut(silence, self.now()))
        finally:
            self.close()

    def close(self) -> None:
        """Free the row; the stream has ended."""
        self._flushed = True
        self._leave()

    def check(self, chunk: AudioChunk) -> None:
        """Raise what `push` would raise before it takes anything."""
        if chunk.sample_rate != self.spec.sample_rate or chunk.start != self._received:
            raise ValueError(
                f"expected sample {self._received} at {self.spec.sample_rate} Hz, got sample "
                f"{chunk.start} at {chunk.sample_rate} Hz"
            )
        if self._flushed:
            raise ValueError("the stream has ended")
        if not np.isfinite(chunk.samples).all():
            raise ValueError(f"the samples from {chunk.start} on are not finite numbers")

    def take(self, samples: Samples, captured: int) -> "Take":
        """Accept samples, and return the work that they make."""
        self._received += len(samples)
        return self._cut(samples, captured)

    def _cut(self, samples: Samples, captured: int) -> "Take":
        pending = np.concatenate((self._pending, samples.astype(np.float32, copy=False)))
        count = len(pending) // HOP
        self._pending = pending[count * HOP :]
        return Take(
            session=self,
            hops=pending[: count * HOP].reshape(-1, HOP),
            captured=captured,
            steps=max(count, int(bool(self.ready()))),
            deadline=self._engine.now() + count * HOP_NS + self._interval_ns,
        )

    def ready(self) -> list[int]:
        """Return the timestamps of frames whose look-ahead ends within the hops encoded so far."""
        moments: list[int] = []
        while True:
            moment = self.spec.timestamp(self.frames + len(moments))
            early = (moment + self.spec.lookahead) // HOP > self.hops
            if early or moment >= self._received:
                return moments
            moments.append(moment)

    def now(self) -> int:
        """Return the time of the session's clock in ns, 0 without one."""
        return self._clock.now() if self._clock else 0


@dataclass(slots=True, eq=False)
class Take:
    """Some samples of one stream, on their way through the model: a job of the batcher."""

    session: BatchedPhonesSession
    hops: Array
    """`[K, 160]`."""
    captured: int
    steps: int
    deadline: int
    done: int = 0
    started: int = 0
    encoded: int = 0
    error: Exception | None = None
    frames: list[BlendshapeFrame] = field(default_factory=list)

    @property
    def remaining(self) -> int:
        """How many steps are left."""
        return self.steps - self.done

    def add(self, timestamp: int, weights: Array, speech: float) -> None:
        """Keep a frame that was decoded."""
        session = self.session
        stamps = Stamps(self.captured, self.started, self.encoded, session.now())
        self.frames.append(
            BlendshapeFrame(
                weights=weights,
                index=session.frames,
                timestamp=timestamp,
                speech=speech,
                stamps=stamps,
            )
        )
        session.frames += 1

    def outcome(self) -> list[BlendshapeFrame] | Exception:
        """Return the frames, or what went wrong; then the stream has ended."""
        if self.error is None:
            return self.frames
        self.session.close()
        return self.error
