"""Where the server's work is done: on threads of its own, not on the event loop or asyncio's."""

import os
from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar, runtime_checkable

from facewire.stream.engine import Engine
from facewire.stream.priority_executor import PriorityExecutor

P = ParamSpec("P")
T = TypeVar("T")

SPARE = 4
"""Threads that wait, besides those of the sessions."""
BULK_SHARE = 4
"""One in so many rows of a shared run may belong to a session that is in no hurry."""


@runtime_checkable
class SharesRuns(Protocol):
    """An engine whose sessions wait in their threads for runs that they share."""

    @property
    def rows_together(self) -> int:
        """How many sessions a run can hold."""
        ...


class ServerThreads:
    """Threads for the work of as many sessions as there may be, live before bulk."""

    def __init__(self, engine: Engine, sessions: int) -> None:
        """Get ready; no thread is started.

        Args:
            engine: one whose sessions share runs needs a thread for each; others need one for
                each core, and one more thread for bulk would only take the interpreter from them.
            sessions: how many there may be.
        """
        if isinstance(engine, SharesRuns):
            threads = max(2, sessions)
            bulk = max(1, min(threads - 1, engine.rows_together // BULK_SHARE))
        else:
            threads, bulk = max(2, os.cpu_count() or 2), 1
        self._computing = PriorityExecutor(threads, bulk=bulk, name="compute")
        # A session waits for its voice, and for the faces that it is opened with.
        waiting = 2 * sessions + SPARE
        self._waiting = PriorityExecutor(waiting, bulk=waiting, name="wait")

    async def compute(
        self, due: int | None, work: Callable[P, T], *args: P.args, **kw: P.kwargs
    ) -> T:
        """Compute something: a few milliseconds at a time, so that others get their turn.

        Args:
            due: when its result is wanted, in ns of the server's clock; None if there is no hurry:
                then it gets the time that others leave over.
            work: what to do.
            *args: for it.
            **kw: for it.

        Raises:
            Exception: what `work` raised.
        """
        return await self._computing.run(due, work, *args, **kw)

    async def wait(self, work: Callable[P, T], *args: P.args, **kw: P.kwargs) -> T:
        """Do something that waits for others, such as a voice's worker, as long as it may.

        Raises:
            Exception: what `work` raised.
        """
        return await self._waiting.run(None, work, *args, **kw)

    def close(self) -> None:
        """Forget what has not begun; a thread that waits for somebody is not waited for."""
        self._computing.close()
        self._waiting.close()
