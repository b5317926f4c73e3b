"""Steps of many streams in one run: whoever waits for a result works for everybody meanwhile.

There is no thread of its own. The first caller leads: it gathers the jobs that are ready, steps
them together, and goes on until its own are done; then the next who waits leads. While a run is
under way, more jobs arrive, so batches grow with the load by themselves.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from facewire.clock import MILLISECOND, SECOND, Clock
from facewire.errors import EngineError

MAX_BATCH = 64
"""Rows of a run; more of them cost as much for each row."""
GATHER_NS = MILLISECOND
"""How long a run waits for more rows."""

NO_HURRY = 1 << 62
"""The deadline of a job that is never late: it gets the room that the others leave in a run."""

RECENT_JOBS = 200
LATE_JOBS = 10
"""So many late jobs among so many recent ones mean that there is too much to do."""
RECENT_NS = 2 * SECOND
"""After so long without a late job, that is over."""


class Job(Protocol):
    """Some steps of one stream, to be done in order."""

    deadline: int
    """When the last of its frames is late, in ns; or `NO_HURRY`."""
    error: Exception | None
    """Why the job ended early; set by the step for one job alone."""

    @property
    def remaining(self) -> int:
        """How many steps are left; none once its stream has left."""
        ...


J = TypeVar("J", bound=Job)


@dataclass(slots=True, eq=False)
class _Call:
    """One caller of `run`, and how many of its jobs are not done."""

    left: int
    woken: threading.Event = field(default_factory=threading.Event)
    """Set when nothing is left, or when it is this caller's turn to lead."""


@dataclass(slots=True)
class BatchReport:
    """What a batcher has done."""

    runs: int = 0
    steps: int = 0
    """Rows of all runs."""
    late: int = 0
    """Jobs that ended after their deadline."""


class Batcher(Generic[J]):
    """Gathers jobs of all threads into runs. Every job that has a deadline gets one step in turn.

    Those that are in no hurry get the rest of each run, in turn as well.
    """

    def __init__(
        self,
        step: Callable[[Sequence[J]], None],
        clock: Clock,
        *,
        max_batch: int = MAX_BATCH,
        gather_ns: int = GATHER_NS,
    ) -> None:
        """Get ready; no thread is started.

        Args:
            step: advances each job by one step; called by one thread at a time.
            clock: the one that deadlines are read from.
            max_batch: most jobs of a run.
            gather_ns: how long a run may wait for more jobs, unless everybody is there already,
                or a deadline is near.
        """
        self.report = BatchReport()
        self._step = step
        self._clock = clock
        self._max_batch = max_batch
        self._gather_ns = gather_ns
        self._queue: deque[tuple[J, _Call]] = deque()
        self._arrived = threading.Condition()
        self._led = False
        self._members = 0
        self._running = False
        self._leaving: list[Callable[[], None]] = []
        """To be called when the run under way is over."""
        self._recent: deque[bool] = deque(maxlen=RECENT_JOBS)
        """Which of the recent jobs were late."""
        self._last_late = clock.now() - RECENT_NS
        self._longest_ns = 0
        """The longest recent run."""

    def join(self) -> None:
        """Count one more stream that runs may wait for."""
        with self._arrived:
            self._members += 1

    def leave(self, gone: Callable[[], None]) -> None:
        """Count one stream less, and say when no run touches it any more; never waits.

        Args:
            gone: is called at once, or by whoever leads, after the run under way. Jobs of the
                stream must have nothing `remaining` before this; they are not stepped again.
        """
        with self._arrived:
            self._members -= 1
            self._arrived.notify_all()
            if self._running:
                self._leaving.append(gone)
            else:
                gone()

    @property
    def overloaded(self) -> bool:
        """Whether a part of the recent jobs was late, so that one more stream would starve all."""
        with self._arrived:
            fresh = self._clock.now() - self._last_late < RECENT_NS
            return fresh and sum(self._recent) >= LATE_JOBS

    def run(self, jobs: Sequence[J]) -> None:
        """Return when every job is done, or has its `error`; any thread may call.

        Raises:
            Exception: what `step` raised while it worked for one of the jobs.
        """
        waiting = [job for job in jobs if job.remaining]
        if not waiting:
            return
        call = _Call(len(waiting))
        with self._arrived:
            self._queue.extend((job, call) for job in waiting)
            self._arrived.notify_all()
            leads, self._led = not self._led, True
        if not leads:
            self._wait(call)
        if call.left:
            self._lead(call)

    def _wait(self, call: _Call) -> None:
        try:
            call.woken.wait()
        except BaseException:
            with self._arrived:
                self._queue = deque(entry for entry in self._queue if entry[1] is not call)
                if call.woken.is_set() and call.left:
                    self._hand_over()
            raise

    def _lead(self, call: _Call) -> None:
        try:
            while call.left:
                self._gather()
                self._run_once()
        finally:
            with self._arrived:
                self._queue = deque(entry for entry in self._queue if entry[1] is not call)
                self._hand_over()

    def _hand_over(self) -> None:
        """Let the one who has waited longest lead; called with the lock held."""
        if self._queue:
            self._queue[0][1].woken.set()
        else:
            self._led = False

    def _gather(self) -> None:
        """Wait for more jobs, as long as it makes nobody late."""
        if not self._gather_ns:
            return
        until = self._clock.now() + self._gather_ns
        with self._arrived:
            while len(self._queue) < min(self._max_batch, self._members):
                earliest = min(job.deadline for job, _ in self._queue) - 2 * self._longest_ns
                wait_ns = min(until, earliest) - self._clock.now()
                if wait_ns <= 0 or not self._arrived.wait(wait_ns / SECOND):
                    return

    def _run_once(self) -> None:
        with self._arrived:
            batch = self._next_batch()
            self._running = bool(batch)
        if not batch:
            return
        began = self._clock.now()
        try:
            self._step([job for job, _ in batch])
        except BaseException as error:
            for job, _ in batch:
                job.error = error if isinstance(error, Exception) else EngineError("interrupted")
            if not isinstance(error, Exception):
                raise
        finally:
            self._settle(batch, began)

    def _next_batch(self) -> list[tuple[J, _Call]]:
        """Take the jobs of the next run from the queue; called with the lock held."""
        if len(self._queue) > self._max_batch:
            # Sorting leaves those of a kind in their order.
            self._queue = deque(sorted(self._queue, key=lambda entry: _is_patient(entry[0])))
        batch: list[tuple[J, _Call]] = []
        while self._queue and len(batch) < self._max_batch:
            job, call = self._queue.popleft()
            if job.remaining:
                batch.append((job, call))
            else:
                self._end(call)
        return batch

    def _settle(self, batch: Sequence[tuple[J, _Call]], began: int) -> None:
        """Put jobs with steps left at the end of the queue, and wake who waits for the others."""
        now = self._clock.now()
        self._longest_ns = max(now - began, self._longest_ns * 7 // 8)
        self.report.runs += 1
        self.report.steps += len(batch)
        with self._arrived:
            self._running = False
            for job, call in batch:
                if job.remaining and job.error is None:
                    self._queue.append((job, call))
                    continue
                if not _is_patient(job):
                    self._recent.append(now > job.deadline)
                if now > job.deadline:
                    self.report.late += 1
                    self._last_late = now
                self._end(call)
            leaving, self._leaving = self._leaving, []
            for gone in leaving:
                gone()

    def _end(self, call: _Call) -> None:
        """Note that a job of a caller is over; called with the lock held."""
        call.left -= 1
        if not call.left:
            call.woken.set()


def _is_patient(job: Job) -> bool:
    return job.deadline >= NO_HURRY
