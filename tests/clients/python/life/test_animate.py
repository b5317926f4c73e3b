"""A whole recording, or a microphone, through one call."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from tests.clients.python.life.waiting import (
    SPEECH,
    settled,
    url,
)
from tests.clients.python.relay import Relay

from facewire.frames import Samples
from facewire.server.server import FaceServer
from facewire.wire.binary import WireFrame
from facewire_client import (
    FaceClient,
    ServerError,
)


class TestAnimate:
    async def test_what_the_server_refuses_is_caught_as_documented(
        self, server: FaceServer
    ) -> None:
        caught = ""
        try:
            async with FaceClient(url(server), lookahead_ms=40) as face:
                await face._send(b"nonsense")
                async for _ in face.animate(SPEECH):
                    pass
        except ServerError as error:
            caught = error.code
        assert caught == "bad-message"

    async def test_samples_that_come_as_they_are_spoken(self, server: FaceServer) -> None:
        async def microphone() -> AsyncIterator[Samples]:
            for start in range(0, 16_000, 160):
                yield SPEECH[start : start + 160]
                await asyncio.sleep(0)

        async with FaceClient(url(server)) as face:
            frames = [frame async for frame in face.animate(microphone())]
        assert len(frames) == 60

    async def test_a_mistake_of_the_program_is_raised_as_it_is(self, server: FaceServer) -> None:
        async def broken() -> AsyncIterator[Samples]:
            yield SPEECH
            raise LookupError("no more microphone")

        async with FaceClient(url(server)) as face:
            with pytest.raises(LookupError, match="no more microphone"):
                await settled(anext_all(face.animate(broken())))
        async with FaceClient(url(server)) as face:
            with pytest.raises(ValueError, match="expected 1 channel"):
                await settled(anext_all(face.animate(np.zeros((100, 2), np.float32))))

    async def test_who_has_seen_enough_leaves(self, server: FaceServer) -> None:
        async with FaceClient(url(server)) as face:
            async for _ in face.animate(np.zeros(16_000 * 600, np.int16)):
                break

    async def test_a_send_that_was_cancelled_keeps_the_count(
        self, server: FaceServer, relay: Relay
    ) -> None:
        async with FaceClient(relay.url, frame_rate=1) as face:
            relay.hold_up()
            sending = asyncio.create_task(face.send(np.zeros(16_000 * 600, np.int16)))
            await asyncio.sleep(0.3)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            relay.mend()
            frames = [frame async for frame in face.animate(SPEECH)]
            assert face.ended is not None
            assert face.ended.frames == len(frames)


async def anext_all(frames: AsyncIterator[WireFrame]) -> None:
    async for _ in frames:
        pass
