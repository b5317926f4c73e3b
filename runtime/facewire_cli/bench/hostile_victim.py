"""A well-behaved client in a process of its own: speaks in real time, and notes when faces come.

    python -m facewire_cli.bench.hostile_victim ws://127.0.0.1:8765 10

It prints "ready" when its stream is open, begins when it is told so by a line, and prints what it
found as one JSON document.
"""

import asyncio
import gc
import sys
from contextlib import suppress
from fractions import Fraction

import msgspec
import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from facewire.clock import SECOND, SystemClock
from facewire.wire.binary import VERSION, AudioMessage, decode_frame, encode_audio
from facewire.wire.messages import End, Hello, encode_message
from facewire.wire.session import OpenSession, decode_session_answer

CHUNK = 160
"""10 ms at 16 kHz."""
FRAME_RATE = Fraction(60)


class Outcome(msgspec.Struct, frozen=True):
    """What the client got."""

    expected: int
    """Frames."""
    behind_ns: list[int]
    """Of each frame that came: how long after the last chunk that it needed was to be sent."""
    ended: bool
    """Whether the server said how many frames there were, and it was right."""


async def visit(url: str, seconds: float) -> Outcome:
    """Speak for some seconds."""
    clock = SystemClock()
    async with connect(f"{url}/session", compression=None) as socket:
        request = OpenSession(version=VERSION, frame_rate=str(FRAME_RATE), idle=False)
        await socket.send(encode_message(request))
        hello = decode_session_answer(str(await socket.recv()))
        assert isinstance(hello, Hello), f"the server said {hello}"
        print("ready", flush=True)  # noqa: T201 # the parent process waits for it
        await asyncio.to_thread(sys.stdin.readline)
        gc.disable()
        chunks = int(seconds * hello.sample_rate / CHUNK)
        began = clock.now()
        speaking = asyncio.create_task(_speak(socket, chunks, began))
        came: list[tuple[int, int]] = []
        ended = None
        with suppress(ConnectionClosed):
            while ended is None:
                message = await socket.recv()
                if isinstance(message, bytes):
                    came.append((decode_frame(message).timestamp, clock.now()))
                elif '"end"' in message[:20]:
                    ended = decode_session_answer(message)
            await speaking
        speaking.cancel()
    interval = SECOND * CHUNK // hello.sample_rate
    behind = [
        when - began - min((timestamp + hello.lookahead) // CHUNK, chunks) * interval
        for timestamp, when in came
    ]
    expected = -(-chunks * CHUNK * FRAME_RATE // hello.sample_rate)
    return Outcome(int(expected), behind, getattr(ended, "frames", -1) == len(came))


async def _speak(socket: ClientConnection, chunks: int, began: int) -> None:
    """Send a chunk whenever 10 ms are over."""
    clock = SystemClock()
    noise = np.random.default_rng(1).integers(-6_000, 6_000, (chunks, CHUNK)).astype("<i2")
    for index, chunk in enumerate(noise):
        await clock.sleep_until(began + (index + 1) * CHUNK * SECOND // 16_000)
        await socket.send(encode_audio(AudioMessage(chunk.tobytes(), index * CHUNK)))
    await socket.send(encode_message(End()))


if __name__ == "__main__":
    outcome = asyncio.run(visit(sys.argv[1], float(sys.argv[2])))
    sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")
