"""The Python client in front of a server that answers pings of the WebSocket, and little else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from facewire import arkit
from facewire.frames import BlendshapeFrame
from facewire.wire.binary import encode_frame, wire_frame
from facewire.wire.messages import Hello, encode_message
from facewire_client import FaceClient, FaceViewer, ServerError, SpeakClient, connection

PATIENCE_S = 20
HELLO = encode_message(
    Hello(
        software="somebody's", engine="none", session="1", names=arkit.NAMES, frame_rate=(60, 1),
        sample_rate=16_000, lookahead=0, hop=160, format="binary", clock_ns=0,
    )
)  # fmt: skip
FRAME = encode_frame(wire_frame(BlendshapeFrame(np.zeros(52, np.float32), 0, 0), 0))


@asynccontextmanager
async def somebody(answer: Callable[[ServerConnection], Awaitable[None]]) -> AsyncIterator[str]:
    """Serve WebSockets in a way of one's own; yield the address."""

    async def handle(socket: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            await answer(socket)

    async with serve(handle, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def say_nothing(socket: ServerConnection) -> None:
    async for _ in socket:
        pass


async def say_hello(socket: ServerConnection) -> None:
    await socket.send(HELLO)
    await say_nothing(socket)


async def say_too_much(socket: ServerConnection) -> None:
    await socket.send(HELLO)
    while True:
        await socket.send(FRAME)


@pytest.mark.parametrize("client", [FaceClient, SpeakClient])
async def test_who_asks_and_hears_no_hello_is_told(
    client: type[FaceClient] | type[SpeakClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HELLO_S", 0.5)
    async with somebody(say_nothing) as address, asyncio.timeout(PATIENCE_S):
        with pytest.raises(ServerError, match="no hello") as caught:
            await client(f"{address}/?token=s3cret").__aenter__()
    assert caught.value.code == "silent"
    assert "s3cret" not in str(caught.value)


async def test_a_viewer_waits_for_its_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HELLO_S", 0.1)
    begun = asyncio.Event()

    async def begin_late(socket: ServerConnection) -> None:
        await begun.wait()
        await say_hello(socket)

    async with somebody(begin_late) as address, asyncio.timeout(PATIENCE_S):
        entering = asyncio.create_task(FaceViewer(address).__aenter__())
        await asyncio.sleep(1)
        waited = not entering.done()
        begun.set()
        viewer = await entering
        await viewer.__aexit__(None, None, None)
    assert waited


@pytest.mark.parametrize("client", [FaceClient, FaceViewer])
async def test_without_a_pong_the_clocks_are_not_compared(
    client: type[FaceClient] | type[FaceViewer],
) -> None:
    async with somebody(say_hello) as url, asyncio.timeout(PATIENCE_S), client(url) as face:
        assert face.hello.engine == "none"
        assert (face.clock_offset_ns, face.round_trip_ns) == (0, 0)


async def test_what_comes_before_a_pong_is_kept_as_far_as_there_is_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "FIRST_PONGS_S", 2.0 * PATIENCE_S)
    async with (
        somebody(say_too_much) as url,
        asyncio.timeout(PATIENCE_S),
        FaceViewer(url) as viewer,
    ):
        assert len(viewer._early) == connection.MAX_EARLY
        frames = aiter(viewer)
        for _ in range(2 * connection.MAX_EARLY):
            assert (await anext(frames)).index == 0
