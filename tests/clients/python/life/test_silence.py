"""Servers and networks that fail without a word, and programs that only seem to."""

import asyncio
import subprocess
import sys
import time

import numpy as np
import pytest
from tests.clients.python.life.waiting import (
    SILENT_S,
    SPEECH,
    failure_of,
    read,
    settled,
    url,
)
from tests.clients.python.relay import Relay

from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.server.server import FaceServer
from facewire.sinks.websocket import WebSocketSink
from facewire_client import (
    FaceClient,
    FaceViewer,
)

CABLE_IS_PULLED = """
import asyncio, fcntl, socket, struct
import numpy as np
from facewire.clock import SystemClock
from facewire.face import make_face
from facewire.server.server import FaceServer
from facewire_client import FaceClient, ServerError
from facewire_engines.energy.engine import EnergyEngine

def plug(up):
    with socket.socket() as any_socket:
        request = fcntl.ioctl(any_socket, 0x8913, struct.pack("16sh", b"lo", 0))  # SIOCGIFFLAGS
        flags = struct.unpack("16sh", request)[1]
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", flags | 1 if up else flags & ~1))

async def main():
    plug(True)
    server = await FaceServer(EnergyEngine(), make_face, clock=SystemClock(), port=0).__aenter__()
    async with FaceClient(f"ws://{server.address}", channels=8) as face:
        try:
            async for frame in face.animate(np.zeros((16_000 * 600, 8), np.int16)):
                if frame.index == 10:
                    plug(False)
        except ServerError as error:
            print(error.code, flush=True)

asyncio.run(main())
"""


@pytest.mark.slow
async def test_an_upload_to_a_machine_that_vanished_ends() -> None:
    """Its bytes wait, as they do for a server that does not read, but no system takes them."""
    command = ["unshare", "--map-root-user", "--net", sys.executable, "-c"]
    try:
        probe = await asyncio.create_subprocess_exec(*command, "", stderr=subprocess.DEVNULL)
        works = await probe.wait() == 0
    except OSError:
        works = False
    if not works:
        pytest.skip("no network namespaces: unshare --map-root-user --net does not work here")
    process = await asyncio.create_subprocess_exec(
        *command, CABLE_IS_PULLED, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 60) == b"silent\n"
    finally:
        process.kill()
        await process.communicate()


@pytest.mark.usefixtures("impatient")
class TestSilence:
    """The network fails without a word: nothing is refused, closed or reset."""

    async def test_somebody_who_reads_is_told(self, relay: Relay) -> None:
        async with FaceClient(relay.url) as face:
            relay.freeze()
            error = await failure_of(read(face))
        assert error.code == "silent"
        assert "no sign of life" in str(error)

    async def test_somebody_who_speaks_is_told(self, relay: Relay) -> None:
        async def speak(face: FaceClient) -> None:
            while True:
                await face.send(SPEECH[:320])
                await asyncio.sleep(0.02)

        async with FaceClient(relay.url) as face:
            speaking = asyncio.create_task(speak(face))
            await settled(face.__aiter__().__anext__())
            relay.freeze()
            assert (await failure_of(speaking)).code == "silent"

    async def test_somebody_who_waits_for_the_hello_is_told(
        self, server: FaceServer, relay: Relay
    ) -> None:
        entering = asyncio.create_task(FaceViewer(relay.url).__aenter__())
        await asyncio.sleep(2 * SILENT_S)
        assert not entering.done()  # there is no stream yet, but a server
        relay.freeze()
        assert (await failure_of(entering)).code == "silent"

    async def test_somebody_who_comes_back_is_served(
        self, server: FaceServer, relay: Relay
    ) -> None:
        async with FaceClient(relay.url) as face:
            relay.freeze()
            await failure_of(read(face))
        relay.mend()
        async with FaceClient(relay.url) as face:
            frames = [frame async for frame in face.animate(SPEECH)]
        assert len(frames) == 60

    async def test_an_upload_that_has_to_wait_goes_on(self, relay: Relay) -> None:
        minutes = np.zeros((16_000 * 120, 8), np.int16)
        async with FaceClient(relay.url, frame_rate=1, channels=8) as face:
            saying = asyncio.create_task(face.say(minutes))
            seen = face.__aiter__()
            await settled(seen.__anext__())
            relay.hold_up()
            reading = asyncio.create_task(read(face))
            await asyncio.sleep(3 * SILENT_S)
            assert not reading.done()
            assert not saying.done()
            relay.mend()
            frames = await settled(reading)
            await settled(saying)
        assert frames[-1].index == 119

    async def test_a_program_that_does_not_read_is_not_told_lies(self, server: FaceServer) -> None:
        sink = WebSocketSink(server.broadcaster)
        await sink.open(StreamSpec(), "energy")
        async with FaceViewer(url(server)) as viewer:
            for index in range(3_000):
                await sink.send(BlendshapeFrame(np.zeros(52, np.float32), index, 266 * index))
                await asyncio.sleep(0)
            await asyncio.sleep(2 * SILENT_S)
            frames = viewer.__aiter__()
            for _ in range(1_000):
                await settled(frames.__anext__())
            closing = asyncio.create_task(sink.aclose())
            async for _ in frames:
                pass
            await settled(closing)

    async def test_a_program_that_was_busy_is_not_told_lies(self, server: FaceServer) -> None:
        async with FaceClient(url(server)) as face:
            time.sleep(2 * SILENT_S)  # noqa: ASYNC251 # on purpose
            frames = [frame async for frame in face.animate(SPEECH)]
        assert len(frames) == 60

    async def test_who_says_nothing_for_long_stays(self, server: FaceServer) -> None:
        async with FaceClient(url(server)) as face:
            await asyncio.sleep(2 * SILENT_S)
            frames = [frame async for frame in face.animate(SPEECH)]
        assert len(frames) == 60
