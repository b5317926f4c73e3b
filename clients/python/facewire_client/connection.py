"""What a session and a viewer have in common: a WebSocket, its hello, its messages, its clock."""

from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from facewire.clock import SECOND, Clock, SystemClock
from facewire.errors import WireError
from facewire.wire import AUDIO_KIND, AudioMessage, WireFrame, decode_audio, decode_frame
from facewire.wire_messages import (
    Ended,
    Error,
    Frame,
    Hello,
    Message,
    Ping,
    Pong,
    decode_server_message,
    encode_message,
    wire_frame_of,
)
from facewire_client.clock_offset import ClockOffset

FIRST_PINGS = 4
PING_EVERY_NS = 10 * SECOND

MAX_QUEUE = 1_024
"""Messages that wait for the program, before TCP makes the server wait."""
PONG_S = 60.0
"""An answer can stand in line behind seconds of audio, so it has time."""
CLOSE_S = 1.0
"""Frames that nobody reads any more can stand before the server's goodbye, so it is cut short."""

Item = WireFrame | AudioMessage | Message
"""What a program may want to see; messages other than frames and audio come on `/speak` alone."""


class ServerError(WireError):
    """The server refused something, went away, or is not there."""

    def __init__(self, message: str, code: str = "closed") -> None:
        super().__init__(message)
        self.code = code
        """As in docs/protocol.md, Errors; "closed" where the server named none."""


class Connection:
    """An async context manager around one WebSocket, read by one task at a time."""

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        self.url = url
        self.ended: Ended | None = None
        """What the server counted, once the stream is over."""
        self._clock = clock or SystemClock()
        self._offset = ClockOffset()
        self._pings: set[int] = set()
        """Those without an answer yet; the id of a ping is the time when it was sent."""
        self._pinged = 0
        self._early: deque[Item] = deque()
        self._hello: Hello | None = None
        self._open_socket: ClientConnection | None = None

    @property
    def hello(self) -> Hello:
        """What the frames mean: names, rates, look-ahead."""
        if self._hello is None:
            raise ValueError("enter the client with `async with` first")
        return self._hello

    @property
    def clock_offset_ns(self) -> int:
        """What to add to this machine's monotonic time to get the server's."""
        return self._offset.offset_ns

    @property
    def round_trip_ns(self) -> int:
        """How long a message there and back took, at best; the offset is half as sure."""
        return self._offset.round_trip_ns

    async def __aenter__(self) -> Self:
        """Connect, and wait for the hello.

        Raises:
            ServerError: nobody answers, or the server refuses.
        """
        try:
            self._open_socket = await connect(
                self.url,
                compression=None,
                max_queue=MAX_QUEUE,
                ping_timeout=PONG_S,
                close_timeout=CLOSE_S,
            )
        except (OSError, InvalidHandshake, InvalidURI) as error:
            raise ServerError(f"{self.url} does not answer ({error}); is it running?") from error
        try:
            await self._greet()
        except BaseException:
            await self._socket.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connection."""
        await self._socket.close()

    async def messages(self) -> AsyncIterator[Item]:
        """Yield what comes, until the stream ends.

        Raises:
            ServerError: the server refused something, or went away.
        """
        while self._early:
            yield self._early.popleft()
        while self.ended is None:
            if item := await self._receive():
                yield item
            if self._clock.now() - self._pinged >= PING_EVERY_NS:
                await self._ping()

    @property
    def _socket(self) -> ClientConnection:
        if self._open_socket is None:
            raise ValueError("enter the client with `async with` first")
        return self._open_socket

    async def _ask(self) -> None:
        """Say what the server waits for before its hello."""

    def _decode(self, text: str) -> Message | None:
        """Parse a text message; None is of a type that is not known here."""
        return decode_server_message(text)

    async def _greet(self) -> None:
        await self._ask()
        while self._hello is None:
            await self._receive()
        for _ in range(FIRST_PINGS):
            await self._ping()
            while self._pings and self.ended is None:
                if item := await self._receive():
                    self._early.append(item)

    async def _ping(self) -> None:
        self._pinged = self._clock.now()
        self._pings.add(self._pinged)
        try:
            await self._send(Ping(id=self._pinged))
        except ServerError:
            # What came before the end is still to be read, and then the end itself.
            self._pings.clear()

    async def _send(self, message: Message | bytes) -> None:
        data = message if isinstance(message, bytes) else encode_message(message)
        try:
            await self._socket.send(data)
        except ConnectionClosed as closed:
            raise _server_error(closed) from closed

    async def _receive(self) -> Item | None:
        """Take one message; what is not for the program is noted here."""
        try:
            data = await self._socket.recv()
        except ConnectionClosed as closed:
            raise _server_error(closed) from closed
        if isinstance(data, bytes):
            return decode_audio(data) if data[:1] == bytes([AUDIO_KIND]) else decode_frame(data)
        match message := self._decode(data):
            case Frame() as frame:
                return wire_frame_of(frame)
            case Hello() as hello:
                self._hello = hello
            case Ended() as ended:
                self.ended = ended
            case Pong(id=sent, clock_ns=server) if sent in self._pings:
                self._pings.remove(sent)
                self._offset.add(sent, server, self._clock.now())
            case Error(code=code, message=words):
                raise ServerError(words, code)
            case Pong() | None:
                pass
            case _:
                return message
        return None


def _server_error(closed: ConnectionClosed) -> ServerError:
    reason = closed.rcvd.reason if closed.rcvd else ""
    return ServerError(reason or f"the server closed the connection ({closed})")
