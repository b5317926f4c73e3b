"""What a client sends, and how long the server waits for it."""

import asyncio
from collections.abc import Callable

from facewire.clock import SECOND, Clock
from facewire.server.sockets.fair_connection import FairConnection
from facewire.settings.limits import Limits
from facewire.wire.errors import ErrorCode, ProtocolError


class Inbox:
    """The messages of one client, with when they came. Read by one task at a time."""

    def __init__(self, connection: FairConnection, clock: Clock, limits: Limits) -> None:
        self.opened = False
        """Whether the client has had a stream; whoever opens it notes it here."""
        self.arrived = 0
        """When the last message was taken, in ns."""
        self.waited = 0
        """How long the server had waited for it, in ns; about 0 where it was there already."""
        self._connection = connection
        self._clock = clock
        self._limits = limits
        self._busy_until = clock.now()

    @property
    def silent_until(self) -> int:
        """When the client will have been silent for too long, in ns."""
        return self._busy_until + int(self._limits.silence_s * SECOND)

    async def first(self) -> str | bytes:
        """Return the next message of a client that has no stream.

        The first stream has to be opened soon; for another one there is the time of any silence.

        Raises:
            ProtocolError: none comes in time.
            ConnectionClosed: the client left.
        """
        limits, now = self._limits, asyncio.get_running_loop().time()
        until = now + limits.silence_s
        if not self.opened:
            until = max(now, self._connection.accepted_at + limits.opening_s)
        try:
            async with asyncio.timeout_at(until):
                return await self.next()
        except TimeoutError:
            raise ProtocolError(
                "no stream was opened in time; connect when there is something to send",
                ErrorCode.IDLE,
            ) from None

    async def next(self) -> str | bytes:
        """Return the next message, however long it takes.

        Raises:
            ConnectionClosed: the client left.
        """
        began = self._clock.now()
        message = await self._connection.next_message()
        self.arrived = self._clock.now()
        self.waited = self.arrived - began
        return message

    async def within(self, until: int) -> str | bytes | None:
        """Return the next message, or None where there is none by a time in ns.

        Raises:
            ConnectionClosed: the client left.
        """
        try:
            async with asyncio.timeout(max(until - self._clock.now(), 0) / SECOND):
                return await self.next()
        except TimeoutError:
            return None

    async def during(self, busy: Callable[[], bool]) -> str | bytes:
        """Return the next message of a client with a stream, which may be silent while it is busy.

        Raises:
            ProtocolError: the client has been silent for too long.
            ConnectionClosed: the client left.
        """
        self.touch()
        while (message := await self.within(self.silent_until)) is None:
            if not busy():
                self.check_silence()
            self.touch()
        return message

    def touch(self) -> None:
        """Count the client's silence from now: until now, there was something to do for it."""
        self._busy_until = self._clock.now()

    def check_silence(self) -> None:
        """Refuse a client that holds a stream and says nothing.

        Raises:
            ProtocolError: it has been silent for too long.
        """
        if self._clock.now() >= self.silent_until:
            raise ProtocolError(
                f"nothing came for {self._limits.silence_s:g} s; send audio or ping, or open the "
                "stream when there is something to send",
                ErrorCode.IDLE,
            )


async def keep_alive(connection: FairConnection, limits: Limits) -> None:
    """Abort a connection whose client is gone; for ever, so cancel it.

    Time in which the server itself does not read, because it has enough to do, does not count: the
    client's answer to a ping stands behind what it sent before.
    """
    while True:
        await asyncio.sleep(limits.ping_s)
        if connection.silent_s < limits.ping_s:
            continue
        try:
            async with asyncio.timeout(limits.pong_s):
                await connection.ping()
        except TimeoutError:
            pass
        if connection.silent_s >= limits.ping_s + limits.pong_s:
            connection.transport.abort()
