"""A wait that ends when somebody rings, or when it is time."""

import asyncio

from facewire.clock import Clock


class Bell:
    """Remembers one ring until it is waited for. One task waits at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """End the wait, or the next one."""
        self._rung.set()

    async def wait(self, until: int | None = None) -> None:
        """Return after a ring, or at the time `until` in ns if there is one."""
        if until is None or self._rung.is_set():
            await self._rung.wait()
        else:
            async with asyncio.TaskGroup() as tasks:
                timer = tasks.create_task(self._ring_at(until), name="timer")
                await self._rung.wait()
                timer.cancel()
        self._rung.clear()

    async def _ring_at(self, when: int) -> None:
        await self._clock.sleep_until(when)
        self._rung.set()
