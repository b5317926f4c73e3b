"""What a session and a viewer have in common: a hello, messages, and a clock that is compared."""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from facewire.clock import SECOND, Clock, SystemClock
from facewire.wire.binary import (
    AUDIO_KIND,
    FRAME_KIND,
    PROVISIONAL_KIND,
    AudioMessage,
    WireFrame,
    decode_audio,
    decode_frame,
)
from facewire.wire.errors import ProtocolError
from facewire.wire.messages import (
    Ended,
    Error,
    Frame,
    Hello,
    Message,
    Ping,
    Pong,
    encode_message,
    wire_frame_of,
)
from facewire.wire.session import decode_session_answer
from facewire_client.address import socket_url
from facewire_client.clock_offset import ClockOffset
from facewire_client.server_error import ServerError, without_secrets
from facewire_client.transport import Transport

FIRST_PINGS = 4
PING_EVERY_NS = 10 * SECOND
HELLO_S = 30.0
"""How long a server that was asked for something may take to say hello; it may load a voice."""
FIRST_PONGS_S = 2.0
"""How long we wait for the first pongs; without them the clock's offset is less sure."""

MAX_EARLY = 1_024
"""Messages that may come before the first pongs; with more, we wait for these no longer."""

Item = WireFrame | AudioMessage | Message
"""What a program may want to see; messages other than frames and audio come on `/speak` alone."""


class Connection:
    """An async context manager around one `Transport`, read by one task at a time."""

    def __init__(
        self,
        url: str,
        endpoint: str,
        *,
        opening: Message | None = None,
        decode: Callable[[str], Message | None] = decode_session_answer,
        query: dict[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Get ready to connect.

        Args:
            url: of the server.
            endpoint: where to connect there.
            opening: what the server waits for before its hello; None where its hello waits, for a
                stream.
            decode: parses a text message; None is of a type that is not known here.
            query: what the address says besides its own query.
            tls: which certificates are trusted; None: those that this machine trusts.
            clock: this machine's monotonic time.
        """
        try:
            self.url = socket_url(url, endpoint, **(query or {}))
        except ValueError as error:
            self.url = url
            self._bad_address: str | None = str(error)
        else:
            self._bad_address = None
        self._place = without_secrets(self.url)
        self.ended: Ended | None = None
        """What the server counted, once the stream is over."""
        self._tls = tls
        self._opening = opening
        self._decode = decode
        self._clock = clock or SystemClock()
        self._offset = ClockOffset()
        self._pings: set[int] = set()
        """Those without an answer yet; the id of a ping is the time when it was sent."""
        self._pinged = 0
        self._early: deque[Item] = deque()
        self._hello: Hello | None = None
        self._open_transport: Transport | None = None

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
            ServerError: nobody answers, the server refuses, or it says no hello.
            ValueError: this client was connected before; make another one.
        """
        if self._open_transport is not None:
            raise ValueError("a client connects once; make another one")
        if self._bad_address:
            raise ServerError(
                f"{self._place!r} does not answer: {self._bad_address}", "bad-address"
            )
        self._open_transport = await Transport.open(self.url, self._place, self._tls)
        try:
            await self._greet()
        except BaseException:
            await self._transport.leave()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connection; nothing is left of it then."""
        await self._transport.leave()

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
                self._pinged = self._clock.now()
                # Not here: behind an upload it would wait, and what comes would not be read.
                self._transport.start(self._ping())

    @property
    def _transport(self) -> Transport:
        if self._open_transport is None:
            raise ValueError("enter the client with `async with` first")
        return self._open_transport

    async def _greet(self) -> None:
        try:
            async with asyncio.timeout(HELLO_S if self._opening else None):
                # A server that refuses at once says why in what it sent before it closed.
                if self._opening:
                    with suppress(ServerError):
                        await self._send(self._opening)
                while self._hello is None:
                    await self._receive()
        except TimeoutError as error:
            raise ServerError(
                f"{self._place} said no hello for {HELLO_S:g} s; "
                "it has too much to do, or is no Facewire server",
                "silent",
            ) from error
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_PONGS_S):
                await self._compare_clocks()

    async def _compare_clocks(self) -> None:
        for _ in range(FIRST_PINGS):
            await self._ping()
            while self._pings and self.ended is None:
                if len(self._early) >= MAX_EARLY:
                    return
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

    async def _send(self, message: Message | bytes, *, work_s: float = 0.0) -> None:
        """Send a message.

        Args:
            message: text, or binary.
            work_s: seconds of audio that it is, or for how long it may keep the server.
        """
        data = message if isinstance(message, bytes) else encode_message(message)
        await self._transport.send(data, work_s=work_s)

    async def _receive(self) -> Item | None:
        """Take one message; what is not for the program is noted here."""
        data = await self._transport.receive()
        try:
            return self._take_binary(data) if isinstance(data, bytes) else self._take_text(data)
        except ProtocolError as error:
            raise ServerError(str(error), "bad-message") from error

    def _take_binary(self, data: bytes) -> Item | None:
        kind = data[0] if data else None
        if kind == AUDIO_KIND:
            return decode_audio(data)
        # What a later server may have to say besides is left out.
        return decode_frame(data) if kind in (FRAME_KIND, PROVISIONAL_KIND) else None

    def _take_text(self, text: str) -> Item | None:
        match message := self._decode(text):
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
