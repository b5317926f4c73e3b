"""One call of a gRPC client: messages in, answers out, and how long the server waits for either."""

import asyncio
from contextlib import suppress
from typing import Any

from facewire.server.audio2face.messages import load_messages
from facewire.server.context import ServerContext
from facewire.server.sockets.client_credit import ClientCredit
from facewire.wire.errors import ErrorCode, ProtocolError

MOST_DRAINED = 300
"""Messages; NVIDIA's sample client sends one for each second of its clip."""
DRAIN_S = 0.2
"""After so long without a message a client is not about to write."""


class ClientLeft(Exception):
    """Nothing can be sent to the client any more."""


class Call:
    """Reads and writes for one stream; each by one task at a time."""

    def __init__(self, rpc: Any, reads: str, end: object, context: ServerContext) -> None:
        """Get ready.

        Args:
            rpc: `grpc.aio.ServicerContext` of a call with bytes in and out.
            reads: the message that the client sends, by its name in `messages.py`.
            end: what it reads when the client has said all.
            context: what all clients share.
        """
        self.credit = ClientCredit(context.share)
        """What the client may use of the event loop."""
        self.arrived = 0
        """When the last message was taken, in ns."""
        self.waited = 0
        """How long the server had waited for it, in ns; about 0 where it was there already."""
        self._rpc = rpc
        self._reads = reads
        self._end = end
        self._clock = context.clock
        self._limits = context.limits
        self._timeout: asyncio.Timeout | None = None

    async def header(self) -> Any:
        """Return the `AudioStreamHeader` that a stream begins with.

        Raises:
            ProtocolError: something else comes, or nothing in time.
        """
        part = await self._read(self._limits.opening_s, "no header came in time; send it at once")
        if part is None or _kind(part) != "audio_stream_header":
            raise ProtocolError(
                "the first message must be the audio_stream_header", ErrorCode.OUT_OF_ORDER
            )
        return part.audio_stream_header

    async def only(self) -> Any:
        """Return the one message of a client that says no more than that.

        Raises:
            ProtocolError: something else comes, or nothing in time.
        """
        part = await self._read(self._limits.opening_s, f"no {self._reads} came in time")
        if part is None:
            raise ProtocolError(
                f"the call says nothing; send {self._reads}", ErrorCode.OUT_OF_ORDER
            )
        return part

    def hurry(self) -> None:
        """Wait for the client no longer."""
        if self._timeout is not None and not self._timeout.expired():
            self._timeout.reschedule(0)

    async def audio(self) -> Any:
        """Return the next `AudioWithEmotion`, or None when the client says that it was all.

        Raises:
            ProtocolError: something else comes, or nothing for too long.
        """
        silence_s = self._limits.silence_s
        part = await self._read(
            silence_s, f"nothing came for {silence_s:g} s; send audio, or end_of_audio"
        )
        if part is None:
            return None
        kind = _kind(part)
        if kind == "audio_with_emotion":
            return part.audio_with_emotion
        if kind == "end_of_audio":
            return None
        raise ProtocolError(
            f"{kind or 'an unknown message'} came where audio_with_emotion or end_of_audio is "
            "expected; make one call for each clip",
            ErrorCode.OUT_OF_ORDER,
        )

    async def send(self, answer: bytes) -> None:
        """Send an answer to a client that reads.

        Raises:
            ProtocolError: it does not.
            ClientLeft: it is gone.
        """
        unread_s = self._limits.unread_s
        try:
            async with asyncio.timeout(unread_s):
                await self._write(answer)
        except TimeoutError:
            raise ProtocolError(
                f"frames were not read for {unread_s:g} s; read while you send",
                ErrorCode.SLOW_READER,
            ) from None

    async def _write(self, answer: bytes) -> None:
        try:
            await self._rpc.write(answer)
        except Exception as error:  # of classes that grpcio does not name in public
            raise ClientLeft from error

    async def drain(self) -> None:
        """Leave out what a client still says, for a moment.

        Where a call ends while a client writes, grpcio tells the client of that, and not why.
        """
        with suppress(ProtocolError):
            for _ in range(MOST_DRAINED):
                part = await self._read(DRAIN_S, "it is silent")
                if part is None or _kind(part) == "end_of_audio":
                    return

    async def _read(self, within_s: float, otherwise: str) -> Any:
        """Return the next message, or None at the end.

        Raises:
            ProtocolError: it is none, or does not come; then it says `otherwise`.
        """
        await self.credit.turn()
        began = self._clock.now()
        try:
            async with asyncio.timeout(within_s) as self._timeout:
                data = await self._rpc.read()
        except TimeoutError:
            raise ProtocolError(otherwise, ErrorCode.IDLE) from None
        self.arrived = self._clock.now()
        self.waited = self.arrived - began
        return None if data is self._end else parse(data, self._reads)


def _kind(part: Any) -> str | None:
    """Return which part of a stream a message is; none, where it is not made of parts."""
    is_part = "stream_part" in part.DESCRIPTOR.oneofs_by_name
    return part.WhichOneof("stream_part") if is_part else None


def parse(data: bytes, kind: str = "AudioStream") -> Any:
    """Return a message of a kind, by its name in `messages.py`.

    Raises:
        ProtocolError: the bytes are none.
    """
    try:
        return load_messages()[kind].FromString(data)
    except Exception as error:  # of the classes of whatever protobuf is installed
        raise ProtocolError(
            f"a message is no {kind.removeprefix('Pushed')} of Audio2Face-3D; use NVIDIA's "
            "published protocol"
        ) from error
