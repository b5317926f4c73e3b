"""What one reader of a stream is given: a queue of its own, so that none waits for another."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from facewire.foreign_code import exits_as_errors
from facewire.stream.channel import Channel, ChannelClosed, Overflow
from facewire.stream.sink import Recording

logger = logging.getLogger(__name__)

T = TypeVar("T")

_SLICES = 5

FINISH_S = 120.0
"""How long a recorder may take to finish a file: an archive of a day is gigabytes."""


class SinkQueue(Generic[T]):
    """Items on their way to one reader, until it fails or stands still for too long."""

    def __init__(
        self,
        name: str,
        take: Callable[[T], Awaitable[None]],
        channel: Channel[T],
        *,
        close: Callable[[], Awaitable[None]] | None = None,
        lossless: bool,
        patience_s: float,
        recording: Recording | None = None,
    ) -> None:
        self.name = name
        self.recording = recording
        """What the reader makes, if it is a recorder."""
        self.lossless = lossless
        self.channel = channel
        self.taken = 0
        """How many items the reader took."""
        self.failure = ""
        """Why the reader was left out; empty while it is not."""
        self._take = take
        self._close = close
        self._patience_s = patience_s
        self._warned = False

    @property
    def has_everything(self) -> bool:
        """Whether the reader was given every item, and did not fail."""
        return not self.failure and not self.channel.dropped

    async def put(self, item: T) -> None:
        """Queue an item as the channel's policy allows; one that failed takes nothing."""
        waits = self.channel.overflow is Overflow.WAIT
        try:
            if waits and len(self.channel) >= self.channel.capacity:
                if not await self._gets_on(lambda seconds: self._send_within(seconds, item)):
                    self._fail_standing()
            else:
                self.channel.send_nowait(item)
        except ChannelClosed:
            return
        if self.lossless and self.channel.dropped and not self._warned:
            self._warned = True
            logger.warning("%s is too slow and loses frames; they are counted", self.name)

    def put_nowait(self, item: T) -> None:
        """Queue an item, in place of the oldest one if the channel is full."""
        with contextlib.suppress(ChannelClosed):
            self.channel.send_nowait(item)

    async def deliver(self) -> None:
        """Hand every item over until the channel is closed and empty, or the reader fails."""
        try:
            async for item in self.channel:
                with exits_as_errors():
                    await self._take(item)
                self.taken += 1
        except Exception as error:
            self.leave_out(_reason(error))
            await self._let_go()

    async def finish(self, task: asyncio.Task[None]) -> None:
        """Wait for `deliver`, running as `task` on a closed channel, as long as it gets on."""

        async def wait(seconds: float) -> bool:
            await asyncio.wait([task], timeout=seconds)
            return task.done()

        if not await self._gets_on(wait):
            self._fail_standing()
            task.cancel()

    def leave_out(self, reason: str) -> None:
        """Give the reader nothing more, and say why, once."""
        if not self.failure:
            self.failure = reason
            logger.error("%s is left out from here on: %s", self.name, reason)
        self.channel.close()

    async def aclose(self) -> None:
        """Close the reader; one that must not miss anything first gets what is queued."""
        self.channel.close()
        if self.lossless and not self.failure:
            try:
                async with asyncio.timeout(self._patience_s):
                    await self.deliver()
            except TimeoutError:
                self._fail_standing()
        await self._let_go()

    async def _let_go(self) -> None:
        if self._close is None:
            return
        try:
            async with asyncio.timeout(FINISH_S if self.recording else self._patience_s):
                with exits_as_errors():
                    await self._close()
        except Exception as error:
            if not self.failure:
                self.failure = _reason(error)
                logger.error("%s did not close: %s", self.name, self.failure)

    async def _gets_on(self, attempt: Callable[[float], Awaitable[bool]]) -> bool:
        """Attempt again and again; return False once the reader has stood still for too long.

        Patience is spent in slices, so that one long pause of the whole process is not taken for
        a reader that stands still.
        """
        standing, taken = 0, self.taken
        while standing < _SLICES:
            if await attempt(self._patience_s / _SLICES):
                return True
            standing = standing + 1 if taken == self.taken else 0
            taken = self.taken
        return False

    async def _send_within(self, seconds: float, item: T) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self.channel.send(item)
        except TimeoutError:
            return False
        return True

    def _fail_standing(self) -> None:
        self.leave_out(f"took nothing for {self._patience_s:g} s")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
