"""An event loop whose time leaps: a minute of waiting takes as long as what is done in it."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from facewire.clock import SECOND
from facewire.stream.threads import ServerThreads

P = ParamSpec("P")
T = TypeVar("T")


class Busy:
    """Counts what threads do for a loop; until they are done its time stands still."""

    def __init__(self) -> None:
        self.works = 0

    def __enter__(self) -> None:
        self.works += 1

    def __exit__(self, *error: object) -> None:
        self.works -= 1


class LeapingSelector(selectors.DefaultSelector):
    """Never waits for a timer: it says how far the time leaps."""

    def __init__(self, busy: Busy) -> None:
        super().__init__()
        self.busy = busy
        self.now = 1_000.0

    def select(self, timeout: float | None = None) -> Any:
        if self.busy.works or timeout is None:
            return super().select(timeout if timeout is not None and timeout <= 0 else 5.0)
        events = super().select(0)
        if not events:
            self.now += max(timeout, 0)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time moves when nothing is left to do."""

    def __init__(self) -> None:
        self.busy = Busy()
        self._leaping = LeapingSelector(self.busy)
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.now

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        future = super().run_in_executor(executor, func, *args)
        self.busy.works += 1
        future.add_done_callback(lambda done: self.busy.__exit__())
        return future


class LoopClock:
    """The loop's time as our clock."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> int:
        return round(self._loop.time() * SECOND)

    async def sleep_until(self, when: int) -> None:
        while True:
            remaining = when - self.now()
            await asyncio.sleep(max(remaining, 0) / SECOND)
            if self.now() >= when:
                return


class CountedThreads(ServerThreads):
    """The real threads, whose work the loop waits for."""

    async def compute(
        self, due: int | None, work: Callable[P, T], *args: P.args, **kw: P.kwargs
    ) -> T:
        with loop().busy:
            return await super().compute(due, work, *args, **kw)

    async def wait(self, work: Callable[P, T], *args: P.args, **kw: P.kwargs) -> T:
        with loop().busy:
            return await super().wait(work, *args, **kw)


def loop() -> VirtualLoop:
    running = asyncio.get_running_loop()
    assert isinstance(running, VirtualLoop)
    return running


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run something in virtual time, as `asyncio.run` does in real time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
