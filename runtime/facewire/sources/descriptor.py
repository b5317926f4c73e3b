"""Bytes from a file descriptor as they come, with a time to wait for them."""

import asyncio
import os
import stat
from functools import partial

from facewire.clock import Clock
from facewire.daemon_thread import call_in_daemon

_READ_BYTES = 65_536


class DescriptorReader:
    """Reads a pipe, socket, device or file, and leaves it open."""

    def __init__(self, descriptor: int, clock: Clock) -> None:
        self._descriptor = descriptor
        self._clock = clock
        self._reading: asyncio.Future[bytes] | None = None
        self.is_live = not stat.S_ISREG(os.fstat(descriptor).st_mode)
        """Whether somebody may still be writing; a file just has its bytes."""

    async def read(self, until: int | None = None) -> bytes | None:
        """Return what there is to read, at least one byte; no bytes are the end.

        None is returned if there is nothing at `until` ns of the clock.
        """
        loop = asyncio.get_running_loop()
        readable: asyncio.Future[bool] = loop.create_future()
        try:
            loop.add_reader(self._descriptor, _settle, readable, True)
        except (PermissionError, NotImplementedError):
            # Regular files cannot be watched, nor can anything on Windows.
            return await self._read_in_thread(until)
        try:
            if not await self._settled(readable, until):
                return None
        finally:
            loop.remove_reader(self._descriptor)
        return os.read(self._descriptor, _READ_BYTES)

    async def _read_in_thread(self, until: int | None) -> bytes | None:
        # A read cannot be taken back, so the same one is waited for again after a pause.
        if self._reading is None:
            self._reading = call_in_daemon(
                partial(os.read, self._descriptor, _READ_BYTES), "read audio"
            )
        readable: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._reading.add_done_callback(lambda _: _settle(readable, True))
        if not await self._settled(readable, until):
            return None
        data, self._reading = self._reading.result(), None
        return data

    async def _settled(self, readable: "asyncio.Future[bool]", until: int | None) -> bool:
        """Wait for the future, which becomes false at `until`."""
        if until is None:
            return await readable
        async with asyncio.TaskGroup() as tasks:
            timer = tasks.create_task(self._expire(readable, until), name="wait for audio")
            settled = await readable
            timer.cancel()
        return settled

    async def _expire(self, readable: "asyncio.Future[bool]", until: int) -> None:
        await self._clock.sleep_until(until)
        _settle(readable, False)


def _settle(future: "asyncio.Future[bool]", value: bool) -> None:
    if not future.done():
        future.set_result(value)
