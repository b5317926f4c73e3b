"""Notices a server that is gone though nothing says so: a pulled cable, a machine asleep."""

import asyncio
import socket
import sys
from contextlib import suppress

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

LOOK_EVERY_S = 0.25
PING_EVERY_S = 2.0
SILENT_S = 6.0
"""Without any sign of life for so long, the server is gone."""
BUSY_S = 600.0
"""The same where it has work of ours before our ping: it lets those wait that send much."""
LIVE_SPARE_S = 2.0
"""Audio that comes no faster than it is spoken, but for so much, does not make a ping wait."""


class HeardConnection(ClientConnection):
    """A WebSocket that notes when anything came."""

    heard_s = 0.0
    """By the clock of the event loop."""

    def data_received(self, data: bytes) -> None:
        """Take bytes from the network."""
        self.heard_s = self.loop.time()
        super().data_received(data)


class Liveness:
    """Pings a server, and cuts the connection when it has been silent for too long."""

    def __init__(self, connection: HeardConnection) -> None:
        self.is_gone = False
        """Whether the connection was cut for silence."""
        self._connection = connection
        self._work_s = 0.0
        self._asked_s = self._answered_s = connection.loop.time()
        self._asked_work_s = self._answered_work_s = 0.0
        self._heeded_s = self._asked_s
        self._pong: asyncio.Future[float] | None = None

    def sent(self, work_s: float) -> None:
        """Note what the server was given to do, in seconds of audio."""
        self._work_s += work_s

    async def watch(self) -> None:
        """Return when the server is gone, or the connection is closed."""
        connection = self._connection
        now = since = connection.loop.time()
        while not connection.transport.is_closing():
            due = now + LOOK_EVERY_S
            await asyncio.sleep(LOOK_EVERY_S)
            now = connection.loop.time()
            if now > due + LOOK_EVERY_S:
                # It was this program that did not look.
                since = self._heeded_s = now
            if not connection.transport.is_reading():
                since = now
            await self._ask(now)
            silent = now - max(since, connection.heard_s) > self._patience_s(now)
            if silent or self._in_vain_s(now) > SILENT_S:
                self.is_gone = True
                connection.transport.abort()

    async def _ask(self, now: float) -> None:
        """Send a ping, where the last one was answered and nothing stands in its way."""
        if self._pong is not None and self._pong.done():
            self._pong = None
            self._answered_s, self._answered_work_s = self._asked_s, self._asked_work_s
        ready = self._pong is None and now - self._asked_s >= PING_EVERY_S
        if not ready or self._connection.transport.get_write_buffer_size():
            return
        self._asked_s, self._asked_work_s = now, self._work_s
        with suppress(ConnectionClosed):
            self._pong = asyncio.ensure_future(await self._connection.ping())
            # One that never comes is no news to anybody else.
            self._pong.add_done_callback(lambda pong: pong.cancelled() or pong.exception())

    def _patience_s(self, now: float) -> float:
        """Return how long the server may be silent, by what it has to do before our ping."""
        work_s = self._work_s - self._answered_work_s
        live_s = now - self._answered_s + LIVE_SPARE_S
        blocked = self._connection.transport.get_write_buffer_size() > 0
        return BUSY_S if blocked or work_s > live_s else SILENT_S

    def _in_vain_s(self, now: float) -> float:
        """Return for how long our system has repeated itself to theirs, where it tells us.

        That systems talk says nothing about the server, but it holds for one that does not read,
        too, which TCP_USER_TIMEOUT would cut off.
        """
        if not _repeats(self._connection.transport.get_extra_info("socket")):
            self._heeded_s = now
        return now - self._heeded_s


def _repeats(descriptor: socket.socket) -> bool:
    if sys.platform != "linux":
        return False
    try:
        # struct tcp_info begins: state, ca_state, retransmits, probes.
        facts = descriptor.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 4)
    except OSError:
        return False
    return any(facts[2:4])
