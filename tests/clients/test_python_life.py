"""How connections of the Python client begin and end, and that nothing is left of them."""

import asyncio
import contextlib
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from tests.clients.relay import Relay
from websockets.asyncio.server import ServerConnection, serve

from facewire.clock import SystemClock
from facewire.face import make_face
from facewire.frames import BlendshapeFrame, Samples, StreamSpec
from facewire.server.http.address import certificate_of
from facewire.server.server import FaceServer
from facewire.sinks.websocket import Broadcaster, WebSocketSink
from facewire.wire.binary import WireFrame, encode_frame, wire_frame
from facewire_client import FaceClient, FaceViewer, ServerError, SpeakClient, connection, liveness
from facewire_client.connection import Connection
from facewire_engines.energy.engine import EnergyEngine

PATIENCE_S = 20
SILENT_S = 1.0
SPEECH: Samples = np.random.default_rng(0).uniform(-0.3, 0.3, 16_000).astype(np.float32)


def new_server(port: int = 0, **options: Any) -> FaceServer:
    clock = SystemClock()
    broadcaster = Broadcaster(clock=clock)
    return FaceServer(
        EnergyEngine(), make_face, clock=clock, port=port, broadcaster=broadcaster, **options
    )


@pytest.fixture
async def server() -> AsyncIterator[FaceServer]:
    async with new_server() as server:
        yield server


@pytest.fixture
async def relay(server: FaceServer) -> AsyncIterator[Relay]:
    async with Relay(server.port) as relay:
        yield relay


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that notices soon."""
    monkeypatch.setattr(liveness, "SILENT_S", SILENT_S)
    monkeypatch.setattr(liveness, "PING_EVERY_S", SILENT_S / 4)
    monkeypatch.setattr(liveness, "LIVE_SPARE_S", SILENT_S / 4)
    monkeypatch.setattr(liveness, "LOOK_EVERY_S", 0.05)


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """Insist that no task, thread or file of a client is left; the server's may take a moment."""

    def held() -> tuple[int, int]:
        tasks = [task for task in asyncio.all_tasks() if task.get_name() == "facewire client"]
        return len(tasks), threading.active_count()

    before = held()
    yield
    deadline = time.monotonic() + PATIENCE_S
    while held() > before:
        assert time.monotonic() < deadline, asyncio.all_tasks()
        await asyncio.sleep(0.02)


async def settled(work: Awaitable[Any]) -> Any:
    """Await something that must not hang."""
    async with asyncio.timeout(PATIENCE_S):
        return await work


async def failure_of(work: Awaitable[Any]) -> ServerError:
    with pytest.raises(ServerError) as caught:
        await settled(work)
    return caught.value


def url(server: FaceServer) -> str:
    return f"ws://{server.address}"


async def read(client: FaceClient | FaceViewer) -> list[WireFrame]:
    return [frame async for frame in client]


class TestWhoDoesNotLetUsIn:
    async def test_nobody_is_there(self) -> None:
        async with new_server() as gone:
            address = url(gone)
        error = await failure_of(FaceClient(address).__aenter__())
        assert error.code == "away"

    async def test_no_token(self) -> None:
        async with new_server(token="s3cret") as guarded:
            error = await failure_of(FaceClient(url(guarded)).__aenter__())
            assert error.code == "unauthorized"
            assert "wants its token" in str(error)
            error = await failure_of(FaceClient(f"{url(guarded)}?token=s").__aenter__())
            assert "token=s" not in str(error).replace("?token=\n", "").replace("?token=", "", 1)
            for page in ("?token=s3cret", "/?token=s3cret", "/session?token=s3cret"):
                async with FaceClient(f"http://{guarded.address}{page}"):
                    pass
            sink = WebSocketSink(guarded.broadcaster)
            await sink.open(StreamSpec(), "energy")
            async with FaceViewer(f"{url(guarded)}/?token=s3cret", audio=True, format="json"):
                pass

    async def test_no_sound(self, server: FaceServer) -> None:
        error = await failure_of(FaceViewer(url(server), audio=True).__aenter__())
        assert error.code == "forbidden"
        assert "--open-sound" in str(error)

    async def test_a_certificate_that_is_not_trusted(self, certificate: tuple[Path, Path]) -> None:
        cert, key = map(str, certificate)
        async with new_server(tls=certificate_of(cert, key)) as secure:
            address = f"https://{secure.address}/"
            error = await failure_of(FaceClient(address).__aenter__())
            assert error.code == "untrusted"
            assert "as tls" in str(error)
            trusting = ssl.create_default_context(cafile=cert)
            async with FaceClient(address, tls=trusting) as face:
                assert len([frame async for frame in face.animate(SPEECH)]) == 60
            assert (await failure_of(FaceClient(url(secure)).__aenter__())).code == "away"

    async def test_no_socket_there(self, server: FaceServer) -> None:
        error = await failure_of(FaceClient(f"{url(server)}/elsewhere").__aenter__())
        assert (error.code, "404" in str(error)) == ("refused", True)

    async def test_the_protocols_own_refusals_keep_their_codes(self, server: FaceServer) -> None:
        error = await failure_of(FaceClient(url(server), sample_rate=1_000).__aenter__())
        assert error.code == "unsupported"
        async with new_server(max_sessions=1) as small, FaceClient(url(small)):
            error = await failure_of(FaceClient(url(small)).__aenter__())
            assert error.code == "busy"

    @pytest.mark.parametrize(
        "address", ["127.0.0.1:8765", "ws://", "ftp://x", "ws://[", "ws://x:99999", ""]
    )
    async def test_what_is_no_address(self, address: str) -> None:
        assert (await failure_of(FaceClient(address).__aenter__())).code == "bad-address"

    async def test_something_else_on_that_port(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connection, "OPEN_S", 0.5)

        async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"SSH-2.0-nobody\r\n")
            writer.close()

        async def be_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(-1)
            writer.close()

        for answer in (babble, be_silent):
            async with await asyncio.start_server(answer, "127.0.0.1", 0) as listener:
                port = listener.sockets[0].getsockname()[1]
                error = await failure_of(FaceClient(f"ws://127.0.0.1:{port}").__aenter__())
                assert error.code == "away"

    async def test_a_client_connects_once(self, server: FaceServer) -> None:
        client = FaceClient(url(server))
        async with client:
            pass
        with pytest.raises(ValueError, match="connects once"):
            await client.__aenter__()


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


@pytest.mark.parametrize(
    ("given", "endpoint", "made"),
    [
        ("ws://h:1", "face", "ws://h:1/face"),
        ("http://h:1/", "session", "ws://h:1/session"),
        ("HTTPS://h", "speak", "wss://h/speak"),
        ("https://h/facewire", "face", "wss://h/facewire/face"),
        ("https://h/facewire/", "face", "wss://h/facewire/face"),
        ("wss://h/a/b/session", "session", "wss://h/a/b/session"),
        ("ws://h/face/", "session", "ws://h/face/session"),
        ("ws://[::1]:8765", "face", "ws://[::1]:8765/face"),
        ("ws://user:pass@h", "face", "ws://user:pass@h/face"),
        ("ws://h/?token=a%26b+c#x", "session", "ws://h/session?token=a%26b+c"),
        ("ws://h/session?token=", "session", "ws://h/session?token="),
    ],
)
def test_addresses(given: str, endpoint: str, made: str) -> None:
    assert Connection(given, endpoint).url == made


def test_a_viewers_address_keeps_the_token() -> None:
    viewer = FaceViewer("http://h/x/?token=a/b&format=binary", audio=True, format="json")
    assert viewer.url == "ws://h/x/face?token=a%2Fb&format=json&audio=1"
    assert SpeakClient("https://h?token=a").url == "wss://h/speak?token=a"
