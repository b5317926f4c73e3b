"""One stream of the batched engine: what it remembers besides its row, and the work it asks for."""

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facewire.clock import SECOND, Clock
from facewire.frames import AudioChunk, BlendshapeFrame, Stamps, StreamSpec
from facewire_engines.hearing.batching import NO_HURRY
from facewire_engines.hearing.hop_intake import HopIntake, stream_spec

Array = NDArray[np.float32]


class Runner(Protocol):
    """What a session needs of its engine."""

    @property
    def hop(self) -> int:
        """Samples between two steps of the encoder."""
        ...

    @property
    def longest_lookahead_ms(self) -> float:
        """The longest look-ahead of a session."""
        ...

    def run(self, take: "Take") -> list[BlendshapeFrame]:
        """Do one session's steps, together with what others want, and return its frames."""
        ...

    def now(self) -> int:
        """Return the time that deadlines are told in, in ns."""
        ...

    def release(self, row: int) -> None:
        """Take a row back, once no run touches it."""
        ...


class BatchedSession:
    """One stream. Used by one thread at a time; its tensors are a row of its engine's."""

    def __init__(self, engine: Runner, row: int, spec: StreamSpec, clock: Clock | None) -> None:
        self.spec = spec
        self.row = row
        self.hops = 0
        """How many were encoded."""
        self.frames = 0
        """How many were decoded."""
        self.patient = False
        """Whether those in a hurry go first in shared runs; see `PatientSession`."""
        self.fresh = True
        """Whether its row still holds what an earlier stream left; the first step clears it."""
        self.begin: Callable[[int], None] | None = None
        """Told the row once it is cleared, for what one engine's rows have besides."""
        self.closed = False
        self._engine = engine
        self._clock = clock
        self._intake = HopIntake(spec, engine.hop)
        self._hop_ns = engine.hop * SECOND // spec.sample_rate
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
        return self._engine.run(self.take(chunk))

    def flush(self) -> list[BlendshapeFrame]:
        """End the stream, return its last frames as if silence followed, and free its row.

        There are none if it has ended.
        """
        if self._intake.ended:
            return []
        try:
            return self._engine.run(self._job(self._intake.flush(), self.now()))
        finally:
            self.close()

    def close(self) -> None:
        """End the stream without its last frames, and free its row, which others may wait for.

        Any thread may call, also while a push or a flush works: it takes no step more.
        """
        self._intake.ended = self.closed = True
        self._leave()

    def check(self, chunk: AudioChunk) -> None:
        """Raise what `push` would raise before it takes anything."""
        self._intake.check(chunk)
        if not np.isfinite(chunk.samples).all():
            raise ValueError(f"the samples from {chunk.start} on are not finite numbers")

    def take(self, chunk: AudioChunk) -> "Take":
        """Accept samples that `check` has seen, and return the work that they make."""
        return self._job(self._intake.take(chunk), chunk.captured)

    def _job(self, hops: Array, captured: int) -> "Take":
        count = len(hops)
        return Take(
            session=self,
            hops=hops,
            captured=captured,
            steps=max(count, int(bool(self.ready()))),
            deadline=NO_HURRY
            if self.patient
            else self._engine.now() + count * self._hop_ns + self._interval_ns,
        )

    def ready(self) -> list[int]:
        """Return the timestamps of frames whose look-ahead ends within the hops encoded so far."""
        moments: list[int] = []
        while self._intake.is_due(
            moment := self.spec.timestamp(self.frames + len(moments)), self.hops
        ):
            moments.append(moment)
        return moments

    def now(self) -> int:
        """Return the time of the session's clock in ns, 0 without one."""
        return self._clock.now() if self._clock else 0


class TunableBatchedSession(BatchedSession):
    """A stream whose look-ahead can be changed while it runs."""

    def set_lookahead(self, lookahead_ms: float) -> int:
        """Let frames listen further ahead, or less far, from now on; see `TunableSession`.

        Raises:
            ConfigError: it is out of range.
        """
        self.spec = stream_spec(
            self.spec.frame_rate,
            lookahead_ms,
            self._engine.longest_lookahead_ms,
            self.spec.sample_rate,
        )
        return self._intake.retune(self.spec, self.frames, self.hops)


@dataclass(slots=True, eq=False)
class Take:
    """Some samples of one stream, on their way through the model: a job of the batcher."""

    session: BatchedSession
    hops: Array
    """`[K, hop]`."""
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
        return 0 if self.session.closed else self.steps - self.done

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
