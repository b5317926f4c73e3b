"""A WebSocket as only an attacker uses it: says whatever bytes it likes, and need not read."""

import asyncio
import base64
import os
import socket
import struct
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from websockets.frames import Frame, Opcode

from facewire.wire.messages import Message, encode_message

BLOCK = 65_536
"""Bytes that are written at once."""


def frame(data: str | bytes | Message, opcode: Opcode | None = None, *, fin: bool = True) -> bytes:
    """Return a frame as a client sends it, masked."""
    if isinstance(data, Message):
        data = encode_message(data)
    kind = opcode or (Opcode.TEXT if isinstance(data, str) else Opcode.BINARY)
    payload = data.encode() if isinstance(data, str) else data
    return Frame(kind, payload, fin).serialize(mask=True)


def frame_unmasked(data: bytes) -> bytes:
    """Return a short binary frame with a mask of zeros, whose payload can be changed in place."""
    return struct.pack("!BB4x", 0x80 | Opcode.BINARY, 0x80 | len(data)) + data


def block(frames: Sequence[bytes]) -> bytes:
    """Return frames again and again, as many as are written at once."""
    once = b"".join(frames)
    return once * max(1, BLOCK // len(once))


class RawSocket:
    """A connection whose handshake is done, or not."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def shake_hands(self, path: str) -> None:
        """Ask for a WebSocket.

        Raises:
            OSError: it was refused, or the server is gone.
        """
        key = base64.b64encode(os.urandom(16)).decode()
        self.writer.write(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        answer = await self.reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in answer:
            raise OSError(answer[:60].decode(errors="replace"))

    async def flood(self, blocks: Iterable[bytes], *, read: bool = True) -> None:
        """Write as fast as the server takes it, until it closes the connection.

        Raises:
            OSError: it was closed.
        """
        reading = asyncio.create_task(self._discard() if read else asyncio.Event().wait())
        try:
            for written in blocks:
                self.writer.write(written)
                await self.writer.drain()
                # Where there is room for all of it, the answers want to be read, too.
                await asyncio.sleep(0)
                if reading.done():
                    return
        finally:
            reading.cancel()

    async def say(self, *frames: bytes) -> None:
        """Write some frames."""
        self.writer.write(b"".join(frames))
        await self.writer.drain()

    async def _discard(self) -> None:
        while await self.reader.read(BLOCK):
            pass

    def close(self) -> None:
        """Go without a goodbye."""
        self.writer.transport.abort()


async def raw_socket(url: str) -> RawSocket:
    """Connect to the server of a URL, without a handshake.

    Raises:
        OSError: nobody listens.
    """
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    # What the system still holds when the attacker is killed goes with it.
    descriptor: socket.socket = writer.get_extra_info("socket")
    descriptor.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return RawSocket(reader, writer)
