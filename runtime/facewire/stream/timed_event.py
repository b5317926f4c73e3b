"""An event that is also set when it is time."""

import asyncio

from facewire.clock import Clock


class TimedEvent:
    """Remembers that it was set until it is waited for. One task waits at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._event = asyncio.Event()

    def set(self) -> None:
        """End the wait, or the next one."""
        self._event.set()

    async def wait(self, until: int | None = None) -> None:
        """Return once it is set, or at the time `until` in ns if there is one."""
        if until is None or self._event.is_set():
            await self._event.wait()
        else:
            async with asyncio.TaskGroup() as tasks:
                timer = tasks.create_task(self._set_at(until), name="timer")
                await self._event.wait()
                timer.cancel()
        self._event.clear()

    async def _set_at(self, when: int) -> None:
        await self._clock.sleep_until(when)
        self._event.set()
