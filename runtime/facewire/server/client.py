"""A client that has streams of its own, one after the other: what it sends, and what it is sent."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from facewire.clock import Clock
from facewire.server.context import ServerContext
from facewire.server.sockets.fair_connection import FairConnection
from facewire.server.sockets.inbox import Inbox
from facewire.wire.binary import AudioMessage, TokensMessage
from facewire.wire.errors import ErrorCode, ProtocolError
from facewire.wire.messages import Message, Open, Ping, Pong, encode_message

AnyOpen = TypeVar("AnyOpen", bound=Open)


class Client:
    """A client of `/session` or `/speak`."""

    def __init__(self, connection: FairConnection, context: ServerContext) -> None:
        self.connection = connection
        self.inbox = Inbox(connection, context.clock, context.limits)
        self._context = context

    async def serve(
        self,
        decode: Callable[[str | bytes], Any],
        opening: type[AnyOpen],
        serve_stream: Callable[[AnyOpen], Awaitable[None]],
    ) -> None:
        """Serve one stream after the other.

        Args:
            decode: parses the client's messages.
            opening: the message that opens a stream.
            serve_stream: serves it to its end, while a slot is held.

        Raises:
            ConnectionClosed: the client left; in an ExceptionGroup while a stream is open.
            ProtocolError: the client did something wrong; grouped likewise.
        """
        while True:
            message = decode(await self.inbox.first())
            if isinstance(message, Ping):
                await self.answer(message)
            elif isinstance(message, opening):
                message.check()
                with self._context.slots.take(self.connection):
                    await serve_stream(message)
            else:
                raise ProtocolError(f"send open before {_name(message)}", ErrorCode.OUT_OF_ORDER)

    async def answer(self, ping: Ping) -> None:
        """Tell the client the time."""
        await answer_ping(self.connection, ping, self._context.clock)

    async def send(self, message: Message | str | bytes) -> None:
        """Send a message to a client that reads.

        Raises:
            ProtocolError: it does not.
        """
        data = encode_message(message) if isinstance(message, Message) else message
        unread_s = self._context.limits.unread_s
        try:
            async with asyncio.timeout(unread_s):
                await self.connection.send(data)
        except TimeoutError:
            raise ProtocolError(
                f"frames were not read for {unread_s:g} s; read while you send",
                ErrorCode.SLOW_READER,
            ) from None


def already_open() -> ProtocolError:
    """Return what is said to who opens a stream in a stream."""
    return ProtocolError("this stream is open; end it before the next one", ErrorCode.OUT_OF_ORDER)


async def answer_ping(connection: FairConnection, ping: Ping, clock: Clock) -> None:
    """Tell a client the time."""
    pong = Pong(id=ping.id, client_ns=ping.client_ns, clock_ns=clock.now())
    await connection.send(encode_message(pong))


def _name(message: Message | AudioMessage | TokensMessage) -> str:
    """Return what a message is called on the wire."""
    if isinstance(message, Message):
        return str(message.__struct_config__.tag)
    return "audio" if isinstance(message, AudioMessage) else "tokens"
