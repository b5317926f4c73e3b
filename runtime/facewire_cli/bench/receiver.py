"""A viewer without a picture, in a process of its own: notes when each frame reached it.

    python -m facewire_cli.bench.receiver ws://127.0.0.1:8765/face

It prints "ready" when it is connected, and the frames as one JSON document when the stream ends.
Its clock is the machine's monotonic clock, the same one that stamps the frames it receives.
"""

import asyncio
import sys

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from facewire.clock import SystemClock
from facewire.wire.binary import decode_frame


class Received(msgspec.Struct, frozen=True, array_like=True):
    """One frame as it came."""

    index: int
    timestamp: int
    captured_ns: int
    received_ns: int
    stages_us: tuple[int, int, int, int, int]
    """Queue, encode, decode, face, send."""


async def receive(url: str) -> list[Received]:
    """Take frames until the server goes away."""
    clock = SystemClock()
    taken: list[Received] = []
    async with connect(url, compression=None) as connection:
        try:
            await connection.recv()
            print("ready", flush=True)  # noqa: T201 # the parent process waits for it
            async for message in connection:
                now = clock.now()
                if isinstance(message, bytes):
                    frame = decode_frame(message)
                    stages = frame.stages
                    taken.append(
                        Received(
                            frame.index, frame.timestamp, frame.captured_ns, now,
                            (stages.queue, stages.encode, stages.decode, stages.face, stages.send),
                        )
                    )  # fmt: skip
        except ConnectionClosed:
            pass
    return taken


if __name__ == "__main__":
    rows = asyncio.run(receive(sys.argv[1]))
    sys.stdout.buffer.write(msgspec.json.encode(rows) + b"\n")
