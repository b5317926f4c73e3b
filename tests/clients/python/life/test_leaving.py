"""Clients of Python leave, and nothing is left of them."""

import asyncio
import contextlib
import time
from collections.abc import Callable

import numpy as np
import psutil
import pytest
from tests.clients.python.life.waiting import (
    PATIENCE_S,
    SPEECH,
    failure_of,
    new_server,
    read,
    settled,
    url,
)
from tests.clients.python.relay import Relay

from facewire.frames import StreamSpec
from facewire.server.server import FaceServer
from facewire.sinks.websocket import WebSocketSink
from facewire_client import (
    FaceClient,
    FaceViewer,
    ServerError,
)


class TestLeaving:
    @pytest.mark.parametrize("client", [FaceClient, FaceViewer])
    async def test_a_client_that_is_cancelled_leaves_nothing(
        self, server: FaceServer, client: Callable[[str], FaceClient | FaceViewer]
    ) -> None:
        sink = WebSocketSink(server.broadcaster)
        await sink.open(StreamSpec(), "energy")

        async def use() -> None:
            async with client(url(server)) as face:
                await read(face)

        for wait_s in (0.0, 0.001, 0.005, 0.02, 0.2):
            using = asyncio.create_task(use())
            await asyncio.sleep(wait_s)
            using.cancel()
            with pytest.raises(asyncio.CancelledError):
                await settled(using)
        async with asyncio.timeout(PATIENCE_S):
            while server.sessions or server.broadcaster.viewers:  # noqa: ASYNC110 # nobody tells
                await asyncio.sleep(0.01)

    async def test_leaving_while_the_server_does_not_read(self, relay: Relay) -> None:
        async with FaceClient(relay.url) as face:
            relay.freeze()
            saying = asyncio.create_task(face.say(np.zeros(16_000 * 600, np.int16)))
            await asyncio.sleep(0.2)
            assert not saying.done()
        assert (await failure_of(saying)).code == "closed"

    async def test_nothing_can_be_sent_or_read_afterwards(self, server: FaceServer) -> None:
        async with FaceClient(url(server)) as face:
            pass
        await failure_of(face.send(SPEECH))
        await failure_of(face.end())
        await failure_of(read(face))

    async def test_many_connections_leave_no_file_open(self, server: FaceServer) -> None:
        files = psutil.Process().num_fds
        before = files()
        for _ in range(20):
            async with FaceClient(url(server)) as face:
                await face.send(SPEECH)
            with contextlib.suppress(ServerError):
                await FaceClient(url(server), sample_rate=1).__aenter__()
        deadline = time.monotonic() + PATIENCE_S
        while files() > before:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)

    async def test_a_server_that_comes_back_is_found(self) -> None:
        async with new_server() as first:
            port = first.port
            async with FaceClient(url(first)) as face:
                reading = asyncio.create_task(read(face))
                await asyncio.sleep(0.1)
                await first.__aexit__(None, None, None)
                assert (await failure_of(reading)).code == "closed"
        async with new_server(port) as second, FaceClient(url(second)) as face:
            assert len([frame async for frame in face.animate(SPEECH)]) == 60
