"""A server of a later version, and one that talks nonsense."""

import contextlib
from collections.abc import AsyncIterator

import numpy as np
import pytest
from tests.clients.python.life.waiting import failure_of, read, settled
from websockets.asyncio.server import ServerConnection, serve

from facewire.frames import BlendshapeFrame
from facewire.wire.binary import encode_frame, wire_frame
from facewire_client import FaceClient


@contextlib.asynccontextmanager
async def later_server(*says: str | bytes) -> AsyncIterator[str]:
    """A server of a later version, which also says what this client does not know."""
    hello = (
        '{"type": "hello", "version": 1, "software": "facewire 9", "engine": "x", "session": "s",'
        '"names": ["jawOpen"], "frame_rate": [60, 1], "sample_rate": 16000, "lookahead": 0,'
        '"hop": 160, "format": "binary", "clock_ns": 1, "mood": "sunny"}'
    )

    async def answer(client: ServerConnection) -> None:
        await client.recv()
        for message in (hello, *says):
            await client.send(message)
        async for message in client:
            ping = str(message)
            if '"ping"' in ping:
                pong = ping.replace('"ping"', '"pong"')
                await client.send(pong.replace("}", ',"clock_ns":1}'))

    async with serve(answer, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


class TestALaterServer:
    async def test_what_is_not_known_is_left_out(self) -> None:
        face = BlendshapeFrame(np.zeros(52, np.float32), 7, 1_866)
        frame = encode_frame(wire_frame(face, 0))
        says = (
            '{"type": "weather", "start": 16000, "samples": 800}', b"\x7fwhatever", b"",
            frame, '{"type": "end", "frames": 1, "dropped": 0, "late": 0, "mood": 3}',
        )  # fmt: skip
        async with later_server(*says) as address, FaceClient(address) as client:
            assert [frame.index for frame in await settled(read(client))] == [7]

    @pytest.mark.parametrize(
        "nonsense", ["no json", '{"type": "end"', '{"type": "end", "frames": "x"}', b"\x46\x01"]
    )
    async def test_nonsense_is_a_server_error(self, nonsense: str | bytes) -> None:
        async def talk(address: str) -> None:
            async with FaceClient(address) as client:
                await read(client)

        async with later_server(nonsense) as address:
            assert (await failure_of(talk(address))).code == "bad-message"
