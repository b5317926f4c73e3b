"""Clients that send more than anybody can listen to, of whom some read nothing of the answer."""

import asyncio
from typing import Any

import numpy as np
from msgspec import Raw
from msgspec.json import encode as encode_json
from websockets.asyncio.client import ClientConnection, connect

from facewire.wire.binary import VERSION, AudioMessage, encode_audio
from facewire.wire.messages import End, Message, encode_message
from facewire.wire.session import OpenSession
from facewire.wire.speak import Alignment, BeginSpeech, EndTurn, OpenSpeech

JUNK = np.random.default_rng(9).integers(-9_000, 9_000, 1 << 20).astype("<i2").view("u1")
"""PCM of 16 bits, a part of which is sent again and again."""
RECORDING_S = 600
ODD_RATES = (191_999, 191_993, 191_981, 191_969, 191_953, 191_939, 191_929, 191_911)


TIMES = 100_000
"""Of one turn; a message holds 4,000 of them."""


def open_stream(**options: Any) -> OpenSession:
    """Return how a stream is opened."""
    return OpenSession(version=VERSION, **options)


def open_speech(**options: Any) -> OpenSpeech:
    """Return how a stream of turns is opened, where there may be no voice."""
    return OpenSpeech(version=VERSION, **{"text": False, **options})


def alignments(turn: int) -> list[Message]:
    """Return a turn and far too many times of it."""
    begin = BeginSpeech(turn=turn, alignment=True)
    data = encode_json([{"word": "bob", "start": at / 50} for at in range(4_000)])
    times = Alignment(turn=turn, format="words", data=Raw(data))
    return [begin, *[times] * (TIMES // 4_000), EndTurn(turn=turn)]


async def whole_recording(url: str) -> None:
    """Send ten minutes as fast as they go, and read the faces, as `FaceClient.say` does."""
    async with connect(f"{url}/session", compression=None, ping_interval=None) as socket:
        await socket.send(encode_message(open_stream()))
        await _upload(socket, 16_384, 16_000 * 2 * RECORDING_S)


async def fine_audio(url: str) -> None:
    """The same with eight channels at 192 kHz, in messages of 1 MiB less a little."""
    async with connect(f"{url}/session", compression=None, ping_interval=None) as socket:
        await socket.send(encode_message(open_stream(sample_rate=192_000, channels=8)))
        await _upload(socket, 1_000_000, 192_000 * 16 * RECORDING_S, channels=8)


async def unread_json(url: str) -> None:
    """Ask for 240 frames a second as text, and read none."""
    async with connect(f"{url}/session", max_queue=1, ping_interval=None) as socket:
        await socket.send(encode_message(open_stream(frame_rate=240, format="json")))
        await _send(socket, 16_384, 16_000 * 2 * RECORDING_S)


async def odd_rates(url: str) -> None:
    """Open streams whose rates have nothing in common with the model's."""
    async with connect(f"{url}/session", compression=None, ping_interval=None) as socket:
        for rate in ODD_RATES:
            await socket.send(encode_message(open_stream(sample_rate=rate)))
            await socket.recv()
            await socket.send(encode_audio(AudioMessage(bytes(JUNK[:19_000]), 0)))
            await socket.send(encode_message(End()))
            while not isinstance(await socket.recv(), str):
                pass


async def _upload(socket: ClientConnection, size: int, total: int, channels: int = 1) -> None:
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(_read(socket), name="read")
        await _send(socket, size, total, channels)
        await socket.send(encode_message(End()))
        await reading


async def _send(socket: ClientConnection, size: int, total: int, channels: int = 1) -> None:
    """Send so many bytes of 16-bit PCM, in messages of `size` bytes."""
    pcm = bytes(JUNK[:size])
    for place in range(total // size):
        await socket.send(encode_audio(AudioMessage(pcm, place * size // (2 * channels))))


async def _read(socket: ClientConnection) -> None:
    async for message in socket:
        if isinstance(message, str) and '"end"' in message[:20]:
            return


UPLOADS = {
    "whole-recordings": ("4 recordings of 10 min, uploaded at once", 4, whole_recording),
    "fine-audio": ("3 uploads of 8 channels at 192 kHz", 3, fine_audio),
    "unread-json": ("5 uploads at 240 frames/s as text, unread", 5, unread_json),
    "odd-rates": ("streams of odd rates, one after the other", 2, odd_rates),
}
"""By name: words, how many at once, and what each does."""
