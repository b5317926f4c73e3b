"""Threads that do what is due soonest first, and what is not due at all with the time left over."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import Any, ParamSpec, TypeVar

from facewire.foreign_code import exits_as_errors

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(order=True, slots=True)
class _Job:
    due: int
    number: int
    bulk: bool = field(compare=False)
    work: Callable[[], Any] = field(compare=False)
    outcome: "Future[Any]" = field(compare=False)

    def do(self) -> None:
        """Do it, unless nobody wants it any more."""
        if not self.outcome.set_running_or_notify_cancel():
            return
        try:
            with exits_as_errors():
                result = self.work()
        except BaseException as error:
            self.outcome.set_exception(error)
        else:
            self.outcome.set_result(result)


class PriorityExecutor:
    """A bounded number of threads, started as they are needed.

    Work that is due at some time goes before all that is not: the soonest due first. Work without
    a time (bulk) is done in the order in which it was asked for, by a few of the threads only, and
    never while work that is due waits. Whoever asks for a little at a time, and for more when that
    is done, thereby takes turns with the others.
    """

    def __init__(self, threads: int, *, bulk: int = 1, name: str = "work") -> None:
        """Get ready; no thread is started.

        Args:
            threads: how much is done at once.
            bulk: how much of that may be without a time.
            name: of the threads.
        """
        if not 1 <= bulk <= threads:
            raise ValueError(f"of {threads} threads, 1 to {threads} take bulk work, not {bulk}")
        self._most = threads
        self._most_bulk = bulk
        self._name = name
        self._due: list[_Job] = []
        self._bulk: deque[_Job] = deque()
        self._numbers = count()
        self._changed = threading.Condition()
        self._threads = 0
        self._idle = 0
        self._bulk_running = 0
        self._closed = False

    async def run(self, due: int | None, work: Callable[P, T], *args: P.args, **kw: P.kwargs) -> T:
        """Do something on a thread, and return what it returns.

        Work that has begun is not stopped when this is cancelled.

        Args:
            due: when its result is wanted, in ns of any clock that all callers share; None if
                there is no hurry.
            work: what to do.
            *args: for it.
            **kw: for it.

        Raises:
            RuntimeError: the threads were closed.
            Exception: what `work` raised.
        """
        outcome: Future[T] = Future()
        number, bulk = next(self._numbers), due is None
        job = _Job(due or 0, number, bulk, lambda: work(*args, **kw), outcome)
        with self._changed:
            if self._closed:
                raise RuntimeError("the server's threads are closed")
            if due is None:
                self._bulk.append(job)
            else:
                heappush(self._due, job)
            self._summon()
        return await asyncio.wrap_future(outcome)

    def close(self) -> None:
        """Take no more work, and forget what has not begun; threads end with what they do."""
        with self._changed:
            self._closed = True
            waiting = [*self._due, *self._bulk]
            self._due.clear()
            self._bulk.clear()
            self._changed.notify_all()
        for job in waiting:
            job.outcome.cancel()

    def _summon(self) -> None:
        """See to it that a thread looks; called with the lock held."""
        wanted = len(self._due) + min(len(self._bulk), self._most_bulk - self._bulk_running)
        if self._idle >= wanted or self._threads == self._most:
            self._changed.notify()
            return
        self._threads += 1
        # Daemons, so that one that hangs in somebody's voice does not keep the process alive.
        name = f"{self._name} {self._threads}"
        threading.Thread(target=self._serve, name=name, daemon=True).start()

    def _serve(self) -> None:
        while (job := self._next()) is not None:
            job.do()
            if job.bulk:
                with self._changed:
                    self._bulk_running -= 1
                    self._changed.notify()
            del job

    def _next(self) -> _Job | None:
        with self._changed:
            while not self._closed:
                if self._due:
                    return heappop(self._due)
                if self._bulk and self._bulk_running < self._most_bulk:
                    self._bulk_running += 1
                    return self._bulk.popleft()
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            return None
