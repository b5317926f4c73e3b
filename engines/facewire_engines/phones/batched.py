"""The embedded model for many streams at once: their steps share runs, their states are rows.

A session keeps the contract of every engine, so a server can use it as it is: `push` and `flush`
wait in their thread until the stream's steps are done. Who holds many sessions in one thread uses
`push_all`.
"""

from collections import deque
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from facewire.clock import Clock, SystemClock
from facewire.errors import CapacityError, EngineError
from facewire.frames import AudioChunk, BlendshapeFrame
from facewire_engines.backends.graph import GraphLoader
from facewire_engines.backends.onnx_graph import load_onnx
from facewire_engines.hearing.batching import GATHER_NS, MAX_BATCH, Batcher, BatchReport
from facewire_engines.hearing.hop_intake import SAMPLE_RATE, stream_spec
from facewire_engines.phones.batched_session import BatchedPhonesSession, Take
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_engines.phones.geometry import HOP, MAX_LOOKAHEAD_MS
from facewire_engines.phones.rows import PhonesRows
from facewire_engines.phones.token_session import PhonesTokenDecoder

CAPACITY = 1024
"""Sessions: more than one core holds, so that lateness is what refuses one too many."""


class BatchedPhonesEngine:
    """The embedded model, loaded once; its sessions are stepped together."""

    def __init__(
        self,
        model: PhonesEngine,
        clock: Clock,
        *,
        capacity: int = CAPACITY,
        max_batch: int = MAX_BATCH,
        gather_ns: int = GATHER_NS,
    ) -> None:
        """Make room for `capacity` sessions.

        Args:
            model: what sessions run on.
            clock: tells when frames are late.
            capacity: how many sessions may be open at once.
            max_batch: most rows of a run.
            gather_ns: how long a run may wait for more rows.
        """
        self._model = model
        self._clock = clock
        self._capacity = capacity
        self._max_batch = max_batch
        self._rows = PhonesRows(model, capacity)
        self._free = deque(range(capacity))
        self._batcher = Batcher[Take](self._step, clock, max_batch=max_batch, gather_ns=gather_ns)

    @property
    def model(self) -> PhonesEngine:
        """The model that all sessions share."""
        return self._model

    @property
    def name(self) -> str:
        """What the model is called on the command line."""
        return self._model.name

    @property
    def sample_rate(self) -> int:
        """The rate of audio that sessions take, in Hz."""
        return SAMPLE_RATE

    @property
    def hop(self) -> int:
        """Samples between two steps of the encoder."""
        return HOP

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
    ) -> BatchedPhonesSession:
        """Open a stream; its row is free again when it was flushed or closed.

        Raises:
            CapacityError: all rows are taken, or frames of the open sessions are late already.
            ConfigError: the look-ahead or the frame rate is out of range.
        """
        spec = stream_spec(frame_rate, lookahead_ms, MAX_LOOKAHEAD_MS)
        if self._batcher.overloaded:
            raise CapacityError(
                "frames of the sessions that are open are late already; try again later, or "
                "share the sessions among more machines"
            )
        try:
            row = self._free.popleft()
        except IndexError:
            raise CapacityError(
                f"all {self._capacity} sessions of this engine are taken; try again later"
            ) from None
        # Its row is cleared by its first step: whatever touches the rows is a step of the batcher.
        self._batcher.join()
        return BatchedPhonesSession(self, row, spec, clock)

    def token_decoder(self) -> PhonesTokenDecoder:
        """Return the part of it that takes tokens, which runs no rows."""
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
                self._rows.encode(np.arange(size), np.zeros((size, HOP), np.float32))
        for size in sizes_up_to(self._max_batch):
            for _ in range(2):
                rows = np.arange(size) % self._capacity
                self._rows.decode(rows, np.zeros(size, np.int64))

    def push_all(
        self, pushes: Sequence[tuple[BatchedPhonesSession, AudioChunk]]
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

    def _step(self, takes: Sequence[Take]) -> None:
        """Let each stream hear its next hop, and decode what is ready before and after that."""
        for take in takes:
            if take.session.fresh:
                self._rows.reset(take.session.row)
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


def load_batched(
    capacity: int = CAPACITY, load: GraphLoader = load_onnx, max_batch: int = MAX_BATCH
) -> BatchedPhonesEngine:
    """Load the model that comes with Facewire, for many sessions, and run it in every size.

    Raises:
        EngineError: a file is missing or damaged, or the back-end cannot run it.
    """
    model = load_embedded(load)
    engine = BatchedPhonesEngine(model, SystemClock(), capacity=capacity, max_batch=max_batch)
    engine.warm_up()
    return engine
