"""A model for many streams at once: their steps share runs, their states are rows.

A session keeps the contract of every engine, so a server can use it as it is: `push` and `flush`
wait in their thread until the stream's steps are done. Who holds many sessions in one thread uses
`push_all`.
"""

from collections import deque
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from facewire.clock import Clock
from facewire.errors import CapacityError, EngineError
from facewire.frames import AudioChunk, BlendshapeFrame, StreamSpec
from facewire.speaking.voice import TokenDecoder
from facewire_engines.hearing.batched_session import (
    BatchedSession,
    Take,
    TunableBatchedSession,
)
from facewire_engines.hearing.batching import GATHER_NS, MAX_BATCH, Batcher, BatchReport
from facewire_engines.hearing.hop_intake import stream_spec

CAPACITY = 1024
"""Sessions: more than one core holds, so that lateness is what refuses one too many."""


Array = NDArray[np.float32]
Indices = NDArray[np.int64]


class StreamRows(Protocol):
    """The state of many streams, a row each. Used by one thread at a time."""

    def reset(self, row: int, spec: StreamSpec) -> None:
        """Let a row begin anew, with a stream of this geometry."""
        ...

    def encode(self, rows: Indices, samples: Array) -> NDArray[np.bool_]:
        """Hear one hop `[B, hop]` in each of some rows; tell whether each is still finite."""
        ...

    def decode(self, rows: Indices, timestamps: Indices) -> tuple[Array, Array]:
        """Return the weights `[F, 52]` of some moments, and how surely it is speech, `[F]`."""
        ...


class BatchedModel(Protocol):
    """A loaded model of which many streams share runs."""

    @property
    def name(self) -> str:
        """What the model is called on the command line."""
        ...

    @property
    def sample_rate(self) -> int:
        """The rate of audio that it takes, in Hz."""
        ...

    @property
    def hop(self) -> int:
        """Samples between two steps of the encoder."""
        ...

    @property
    def longest_lookahead_ms(self) -> float:
        """The longest look-ahead of a session."""
        ...

    @property
    def tunable(self) -> bool:
        """Whether a look-ahead may change while a stream runs."""
        ...

    def token_decoder(self) -> TokenDecoder:
        """Return the part of it that takes tokens."""
        ...


M = TypeVar("M", bound=BatchedModel)
R = TypeVar("R", bound=StreamRows)


class BatchedEngine(Generic[M, R]):
    """A model, loaded once; its sessions are stepped together."""

    def __init__(
        self,
        model: M,
        rows: R,
        clock: Clock,
        *,
        capacity: int = CAPACITY,
        max_batch: int = MAX_BATCH,
        gather_ns: int = GATHER_NS,
    ) -> None:
        """Make room for `capacity` sessions.

        Args:
            model: what sessions run on.
            rows: their state: room for `capacity` of them.
            clock: tells when frames are late.
            capacity: how many sessions may be open at once.
            max_batch: most rows of a run.
            gather_ns: how long a run may wait for more rows.
        """
        self._model = model
        self._clock = clock
        self._capacity = capacity
        self._max_batch = max_batch
        self._rows = rows
        self._free = deque(range(capacity))
        self._batcher = Batcher[Take](self._step, clock, max_batch=max_batch, gather_ns=gather_ns)

    @property
    def model(self) -> M:
        """The model that all sessions share."""
        return self._model

    @property
    def name(self) -> str:
        """What the model is called on the command line."""
        return self._model.name

    @property
    def sample_rate(self) -> int:
        """The rate of audio that sessions take, in Hz."""
        return self._model.sample_rate

    @property
    def hop(self) -> int:
        """Samples between two steps of the encoder."""
        return self._model.hop

    @property
    def longest_lookahead_ms(self) -> float:
        """The longest look-ahead of a session."""
        return self._model.longest_lookahead_ms

    @property
    def rows_together(self) -> int:
        """How many sessions a run can hold."""
        return self._max_batch

    @property
    def report(self) -> BatchReport:
        """What has been done so far."""
        return self._batcher.report

    def session(
        self,
        *,
        frame_rate: Fraction = Fraction(60),
        lookahead_ms: float = 80.0,
        clock: Clock | None = None,
    ) -> BatchedSession:
        """Open a stream; its row is free again when it was flushed or closed.

        Raises:
            CapacityError: all rows are taken, or frames of the open sessions are late already.
            ConfigError: the look-ahead or the frame rate is out of range.
        """
        spec = stream_spec(frame_rate, lookahead_ms, self.longest_lookahead_ms, self.sample_rate)
        row = self._take_row()
        # Its row is cleared by its first step: whatever touches the rows is a step of the batcher.
        self._batcher.join()
        kind = TunableBatchedSession if self._model.tunable else BatchedSession
        return kind(self, row, spec, clock)

    def hold_place(self) -> Callable[[], None]:
        """Take the place of a session for work that is done beside the rows; return its release.

        Raises:
            CapacityError: as for `session`.
        """
        row = self._take_row()
        return lambda: self._free.append(row)

    def token_decoder(self) -> TokenDecoder:
        """Return the part of it that takes tokens, which runs no rows.

        Raises:
            ConfigError: it has none.
        """
        return self._model.token_decoder()

    def warm_up(self) -> None:
        """Run every size of batch that can occur, while no session is open.

        A GPU compiles and records in its first runs, twice for tables that change places; that must
        not happen beside streams that wait.

        Raises:
            EngineError: the back-end failed.
        """
        for size in sizes_up_to(min(self._max_batch, self._capacity)):
            for _ in range(2):
                self._rows.encode(np.arange(size), np.zeros((size, self.hop), np.float32))
        for size in sizes_up_to(self._max_batch):
            for _ in range(2):
                rows = np.arange(size) % self._capacity
                self._rows.decode(rows, np.zeros(size, np.int64))

    def push_all(
        self, pushes: Sequence[tuple[BatchedSession, AudioChunk]]
    ) -> list[list[BlendshapeFrame] | Exception]:
        """Push a chunk to each of some sessions at once.

        Returns:
            The frames of each, or the error of a session that failed alone.

        Raises:
            ValueError: a chunk does not follow, as for `push`; nothing of this call was taken.
        """
        for session, chunk in pushes:
            session.check(chunk)
        takes = [session.take(chunk) for session, chunk in pushes]
        self._batcher.run(takes)
        return [take.outcome() for take in takes]

    def run(self, take: Take) -> list[BlendshapeFrame]:
        """Do one session's steps, together with what others want, and return its frames."""
        self._batcher.run([take])
        outcome = take.outcome()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def now(self) -> int:
        """Return the time that deadlines are told in, in ns."""
        return self._clock.now()

    def release(self, row: int) -> None:
        """Take a row back, once no run touches it."""
        self._batcher.leave(lambda: self._free.append(row))

    def _take_row(self) -> int:
        """Return a row that is free.

        Raises:
            CapacityError: all are taken, or frames of the open sessions are late already.
        """
        if self._batcher.overloaded:
            raise CapacityError(
                "frames of the sessions that are open are late already; try again later, or "
                "share the sessions among more machines"
            )
        try:
            return self._free.popleft()
        except IndexError:
            raise CapacityError(
                f"all {self._capacity} sessions of this engine are taken; try again later"
            ) from None

    def _step(self, takes: Sequence[Take]) -> None:
        """Let each stream hear its next hop, and decode what is ready before and after that."""
        for take in takes:
            if take.session.fresh:
                self._rows.reset(take.session.row, take.session.spec)
                if take.session.begin is not None:
                    take.session.begin(take.session.row)
                take.session.fresh = False
        self._decode(takes)
        hearing = [take for take in takes if take.done < len(take.hops)]
        if hearing:
            for take in hearing:
                take.started = take.session.now()
            rows = np.array([take.session.row for take in hearing])
            sound = self._rows.encode(rows, np.stack([take.hops[take.done] for take in hearing]))
            for take, finite in zip(hearing, sound, strict=True):
                take.session.hops += 1
                take.encoded = take.session.now()
                if not finite:
                    take.error = EngineError(
                        "the state of this stream is no longer finite; open a new one, and send "
                        "samples in [-1, 1]"
                    )
            self._decode(hearing)
        for take in takes:
            take.done += 1

    def _decode(self, takes: Sequence[Take]) -> None:
        every = [(take, moment) for take in takes for moment in take.session.ready()]
        # At high frame rates there are more moments than streams: in runs of sizes that are warm.
        for first in range(0, len(every), self._max_batch):
            self._decode_some(every[first : first + self._max_batch])

    def _decode_some(self, wanted: Sequence[tuple[Take, int]]) -> None:
        rows = np.array([take.session.row for take, _ in wanted])
        weights, speech = self._rows.decode(rows, np.array([moment for _, moment in wanted]))
        for index, (take, moment) in enumerate(wanted):
            take.add(moment, weights[index].copy(), float(speech[index]))


def sizes_up_to(most: int) -> list[int]:
    """Return sizes of runs of which each stands for those down to the next smaller one.

    Back-ends that record runs do so for powers of two; the largest has room for `most`.
    """
    powers = [1 << power for power in range(most.bit_length()) if 1 << power < most]
    return [*powers, most]
