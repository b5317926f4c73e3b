"""One call of a gRPC client: messages in, answers out, and how long the server waits for either."""

import asyncio
from contextlib import suppress
from typing import Any

from facewire.clock import Clock
from facewire.server.audio2face.messages import load_messages
from facewire.settings.limits import Limits
from facewire.wire.errors import ErrorCode, ProtocolError

MOST_DRAINED = 300
"""Messages; NVIDIA's sample client sends one for each second of its clip."""
DRAIN_S = 0.2
"""After so long without a message a client is not about to write."""


class ClientLeft(Exception):
    """Nothing can be sent to the client any more."""


class Call:
    """Reads and writes for one stream; each by one task at a time."""

    def __init__(self, rpc: Any, end: object, clock: Clock, limits: Limits) -> None:
        """Get ready.

        Args:
            rpc: `grpc.aio.ServicerContext` of a call with bytes in and out.
            end: what it reads when the client has said all.
            clock: tells when messages come.
            limits: how long to wait.
        """
        self.arrived = 0
        """When the last message was taken, in ns."""
        self.waited = 0
        """How long the server had waited for it, in ns; about 0 where it was there already."""
        self._rpc = rpc
        self._end = end
        self._clock = clock
        self._limits = limits
        self._timeout: asyncio.Timeout | None = None

    async def header(self) -> Any:
        """Return the `AudioStreamHeader` that a stream begins with.

        Raises:
            ProtocolError: something else comes, or nothing in time.
        """
        part = await self._read(self._limits.opening_s, "no header came in time; send it at once")
        if part is None or part.WhichOneof("stream_part") != "audio_stream_header":
            raise ProtocolError(
                "the first message must be the audio_stream_header", ErrorCode.OUT_OF_ORDER
            )
        return part.audio_stream_header

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
        kind = part.WhichOneof("stream_part")
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
                if part is None or part.WhichOneof("stream_part") == "end_of_audio":
                    return

    async def _read(self, within_s: float, otherwise: str) -> Any:
        """Return the next message, or None at the end.

        Raises:
            ProtocolError: it is none, or does not come; then it says `otherwise`.
        """
        began = self._clock.now()
        try:
            async with asyncio.timeout(within_s) as self._timeout:
                data = await self._rpc.read()
        except TimeoutError:
            raise ProtocolError(otherwise, ErrorCode.IDLE) from None
        self.arrived = self._clock.now()
        self.waited = self.arrived - began
        return None if data is self._end else parse(data)


def parse(data: bytes) -> Any:
    """Return an `AudioStream`.

    Raises:
        ProtocolError: the bytes are none.
    """
    try:
        return load_messages()["AudioStream"].FromString(data)
    except Exception as error:  # of the classes of whatever protobuf is installed
        raise ProtocolError(
            "a message is no AudioStream of Audio2Face-3D; use NVIDIA's published protocol"
        ) from error
