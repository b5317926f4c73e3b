"""The only module that reads wall time: integer nanoseconds, through a `Clock` argument.

Wall time is for pacing and latency accounting, never for content: content time is a sample index.
"""

import asyncio
import time
from typing import Protocol

SECOND = 1_000_000_000
MILLISECOND = 1_000_000
MICROSECOND = 1_000


def unix_seconds() -> float:
    """Return the time of day in seconds since 1970, for peers that ask when a stream began."""
    return time.time()


class Clock(Protocol):
    """Monotonic time that can be waited for."""

    def now(self) -> int:
        """Return the time in nanoseconds since an arbitrary start."""
        ...

    async def sleep_until(self, when: int) -> None:
        """Return once `now() >= when`, at once if it is already past."""
        ...


class SystemClock:
    """The machine's monotonic clock."""

    def now(self) -> int:
        """Return monotonic nanoseconds."""
        return time.monotonic_ns()

    async def sleep_until(self, when: int) -> None:
        """Sleep until `when`, and yield to other tasks at least once."""
        while True:
            remaining = when - self.now()
            await asyncio.sleep(max(remaining, 0) / SECOND)
            if self.now() >= when:
                return


class ManualClock:
    """A clock that a test moves by hand."""

    def __init__(self, now: int = 0) -> None:
        self._now = now
        self._sleepers: list[tuple[int, asyncio.Event]] = []

    def now(self) -> int:
        """Return the time that the test has set."""
        return self._now

    async def sleep_until(self, when: int) -> None:
        """Wait for `advance` to reach `when`."""
        if when <= self._now:
            await asyncio.sleep(0)
            return
        reached = asyncio.Event()
        self._sleepers.append((when, reached))
        await reached.wait()

    def advance(self, duration: int) -> None:
        """Move the clock by `duration` nanoseconds and wake whoever waited for it."""
        self._now += duration
        due = [item for item in self._sleepers if item[0] <= self._now]
        self._sleepers = [item for item in self._sleepers if item[0] > self._now]
        for _, reached in sorted(due, key=lambda item: item[0]):
            reached.set()
