"""A WebSocket of the server that takes no more of the event loop than is its share.

A quarter of a megabyte of small messages can arrive in one read, and the library would take them
apart in one go: half a second in which nobody else is served. Here they are taken apart in slices
of about a millisecond, those of greedy clients in turn, and in a part of the loop's time.
"""

import asyncio
import contextlib
import socket
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

from websockets.asyncio.server import ServerConnection

from facewire.server.http.method import METHOD_REFUSAL, method_of
from facewire.server.sockets.client_credit import ClientCredit
from facewire.server.sockets.loop_share import SLICE_S, LoopShare

T = TypeVar("T")

FIRST_SLICE = 2_048
SMALLEST_SLICE, LARGEST_SLICE = 128, 65_536
"""Bytes."""

SEND_BUFFER = 65_536
"""Bytes that the system may hold for a client that does not read: a second of frames, not many."""

MOST_UNREAD = 262_144
"""Bytes of answers that wait in this process for a client that does not read."""
REFUSAL_S = 1.0
"""How long a client may take to read that its method is not answered here."""


class SocketKeeper(Protocol):
    """Who hears of every connection, before and after there is a WebSocket."""

    def enter(self, connection: "FairConnection") -> None:
        """Note that there is one; it may be aborted at once."""
        ...

    def leave(self, connection: "FairConnection") -> None:
        """Note that it is gone."""
        ...


class FairConnection(ServerConnection):
    """A connection whose bytes are taken apart in slices, as its credit and the others allow."""

    def __init__(self, *args: Any, share: LoopShare, sockets: SocketKeeper, **options: Any) -> None:
        super().__init__(*args, **options)
        self.accepted_at = self.loop.time()
        self.credit = ClientCredit(share)
        self.wants_no_body = False
        """Whether the client asked with HEAD."""
        self._refused = False
        self._method: str | None = None
        """What the client asked with, once that has come; empty where it is no HTTP."""
        self._share = share
        self._sockets = sockets
        self._held = bytearray()
        self._slice = FIRST_SLICE
        self._asked = False
        self._full = False
        """Whether enough messages wait to be looked at."""
        self._heard_at = self.accepted_at

    @property
    def silent_s(self) -> float:
        """How long nothing has come, in seconds; 0 while the server makes the client wait."""
        if self._held or self._full:
            return 0.0
        return self.loop.time() - self._heard_at

    async def next_message(self) -> str | bytes:
        """Return the next message, once this client may be served again.

        Raises:
            ConnectionClosed: there is none.
        """
        await self.credit.turn()
        return await self.recv()

    async def metered(self, handling: Coroutine[Any, Any, T]) -> T:
        """Do what a coroutine does with the messages, and charge the client for its time.

        Args:
            handling: calls `next_message` again and again, and suspends between messages, or all
                that came at once would be handled at once; time that it waits costs nothing.
        """
        return await self.credit.metered(handling)

    async def charged(self, work: Coroutine[Any, Any, T]) -> T:
        """Do what else is to be done for the client, such as answering it, and charge it for that.

        Its next messages then wait as long as if it had asked for as much by messages alone.

        Args:
            work: what to do; time that it waits costs nothing.
        """
        return await self.credit.charged(work)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Watch over what is read, and what is not."""
        super().connection_made(transport)
        self.recv_messages.pause = self._pause
        self.recv_messages.resume = self._resume
        descriptor: socket.socket = self.transport.get_extra_info("socket")
        descriptor.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._sockets.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was not looked at."""
        self._held.clear()
        self._sockets.leave(self)
        super().connection_lost(exc)

    def send_data(self) -> None:
        """Send what is to be sent, in one write: of each to a client that is gone, asyncio warns.

        Thousands of pings that come at once have thousands of answers.
        """
        pieces = self.protocol.data_to_send()
        if self.transport.is_closing():
            return
        if data := b"".join(pieces):
            self.transport.write(data)
        if b"" in pieces:  # the end
            if self.transport.can_write_eof():
                with contextlib.suppress(OSError, RuntimeError):
                    self.transport.write_eof()
            else:
                self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Take what came apart, now or later."""
        self._heard_at = self.loop.time()
        self._held += data
        if self._method is None:
            self._method = method_of(self._held)
            if self._method is None:
                return
            if self._method == "HEAD":
                self.wants_no_body = True
                self._held[:4] = b"GET"
        if self._method in ("", "GET", "HEAD"):
            self._go_on()
        else:
            self._refuse_method()

    def eof_received(self) -> None:
        """End; over TCP nothing is held then, since nothing is read while something is."""
        self._held.clear()
        super().eof_received()

    def pause_writing(self) -> None:
        """Look at what is read, too: a client that does not read must not pile up answers."""
        super().pause_writing()
        self._set_reading()

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        self._go_on()

    def _refuse_method(self) -> None:
        """Say that once, and listen to the rest of the request, or it would not be read."""
        self._held.clear()
        if not self._refused:
            self._refused = True
            self.transport.write(METHOD_REFUSAL)
            self.loop.call_later(REFUSAL_S, self.transport.abort)
            if self.transport.can_write_eof():
                self.transport.write_eof()

    @property
    def _unread(self) -> bool:
        """Whether so much is unread that the client is not listened to any more.

        That is more than frames alone can be: a client may read again when it could send.
        """
        return self.paused and self.transport.get_write_buffer_size() > MOST_UNREAD

    def _pause(self) -> None:
        self._full = True
        self._set_reading()

    def _resume(self) -> None:
        self._full = False
        self._go_on()

    def _go_on(self) -> None:
        """Take the next slice, if there is one and it is this client's turn."""
        if self._held and not (self._full or self._unread or self._asked):
            if self.credit.can_spend(0.0):
                self._take_slice()
            if self._held and not (self._full or self._unread):
                self._asked = True
                self._share.ask(self._take_turn)
        self._set_reading()

    def _take_turn(self) -> None:
        self._asked = False
        if self._held and not (self._full or self._unread):
            self._take_slice()
        self._go_on()

    def _take_slice(self) -> None:
        began = self.loop.time()
        size = self._slice
        data = bytes(self._held[:size])
        del self._held[:size]
        super().data_received(data)
        spent = self.loop.time() - began
        self.credit.take_apart(spent)
        if spent > SLICE_S:
            self._slice = max(self._slice // 2, SMALLEST_SLICE)
        elif spent < SLICE_S / 4:
            self._slice = min(self._slice * 2, LARGEST_SLICE)

    def _set_reading(self) -> None:
        if self.transport.is_closing():
            return
        if self._held or self._full or self._unread:
            self.transport.pause_reading()
        elif not self.transport.is_reading():
            self._heard_at = self.loop.time()
            self.transport.resume_reading()
