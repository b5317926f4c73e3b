"""Sessions over real sockets: good streams, bad clients, and that the others go on."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from facewire import arkit
from facewire.audio.format import Encoding
from facewire.clock import Clock, SystemClock
from facewire.errors import ConfigError
from facewire.face import make_face
from facewire.frames import AudioChunk, BlendshapeFrame, Samples
from facewire.server.server import FaceServer
from facewire.settings.limits import Limits
from facewire.wire.binary import AudioMessage, WireFrame, decode_frame, encode_audio, encode_samples
from facewire_engines.energy.engine import EnergyEngine
from facewire_engines.hearing.hop_session import TunableHopSession


class Client:
    """A plain client, that can do everything wrong."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def tell(self, **message: object) -> None:
        await self.connection.send(json.dumps(message))

    async def open(self, **options: object) -> dict[str, Any]:
        await self.tell(type="open", version=1, **options)
        return await self.told()

    async def told(self) -> dict[str, Any]:
        message = await self.connection.recv()
        assert isinstance(message, str)
        parsed: dict[str, Any] = json.loads(message)
        return parsed

    async def speak(self, samples: Samples, start: int = 0, turn: int = 0) -> None:
        pcm = encode_samples(samples, Encoding.S16LE)
        await self.connection.send(encode_audio(AudioMessage(pcm, start, turn)))

    async def rest(self) -> tuple[list[WireFrame], dict[str, Any]]:
        """Return the frames that come, and the message that ends them."""
        frames = []
        while isinstance(message := await self.connection.recv(), bytes):
            frames.append(decode_frame(message))
        return frames, json.loads(message)

    async def closed(self) -> tuple[int, str]:
        """Return code and reason of the close that comes; what comes before is left out."""
        await self.connection.wait_closed()
        assert self.connection.close_code is not None
        return self.connection.close_code, self.connection.close_reason or ""


@pytest.fixture
async def server() -> AsyncIterator[FaceServer]:
    async with new_server() as server:
        yield server


def new_server(engine: EnergyEngine | None = None, **options: Any) -> FaceServer:
    clock = SystemClock()
    return FaceServer(engine or EnergyEngine(), make_face, clock=clock, port=0, **options)


async def all_sessions_over(server: FaceServer) -> None:
    """Return when nobody is on /session; the test's timeout is how long that may take."""
    while server.sessions:  # noqa: ASYNC110 # the server tells nobody when a session is over
        await asyncio.sleep(0.01)


def session_of(server: FaceServer, **options: Any) -> connect:
    # A client that leaves frames unread cannot see the goodbye behind them, and need not wait.
    options = {"close_timeout": 0.2} | options
    return connect(f"ws://{server.address}/session", compression=None, **options)


@pytest.fixture
async def client(server: FaceServer) -> AsyncIterator[Client]:
    async with session_of(server) as connection:
        yield Client(connection)


async def speak_on(client: Client, block: Samples) -> None:
    """Send far more audio than fits between here and the engine."""
    for place in range(1_000):
        await client.speak(block, place * len(block))


async def goes_well(server: FaceServer, speech: Samples) -> None:
    """Check that a well-behaved client gets what it should."""
    async with session_of(server) as connection:
        client = Client(connection)
        await client.open(idle=False)
        await client.speak(speech[:16_000])
        await client.tell(type="end")
        frames, end = await client.rest()
        assert (len(frames), end["frames"]) == (60, 60)


async def refused(client: Client, code: str, close_code: int, words: str) -> None:
    """Check that the next text message is this error, and that the connection closes."""
    while isinstance(message := await client.connection.recv(), bytes):
        pass
    error = json.loads(message)
    assert (error["type"], error["code"]) == ("error", code)
    assert words in error["message"]
    received, reason = await client.closed()
    assert received == close_code
    assert error["message"].startswith(reason)


class TestSession:
    async def test_hello_says_what_the_frames_mean(self, client: Client) -> None:
        hello = await client.open(frame_rate="30000/1001", lookahead_ms=40, format="json")
        session, clock_ns = hello.pop("session"), hello.pop("clock_ns")
        assert len(session) == 16
        assert abs(clock_ns - SystemClock().now()) < 60 * 10**9
        assert hello.pop("software").startswith("facewire ")
        assert hello == {
            "type": "hello", "version": 1, "engine": "energy", "names": list(arkit.NAMES),
            "frame_rate": [30_000, 1001], "sample_rate": 16_000, "lookahead": 640, "hop": 160,
            "format": "json",
        }  # fmt: skip

    async def test_frames_are_those_of_the_engine(
        self, client: Client, speech_like: Samples
    ) -> None:
        await client.open(idle=False)
        exact = np.rint(speech_like * 32_768).astype(np.float32) / np.float32(32_768)
        for start in range(0, len(exact), 1_000):
            await client.speak(exact[start : start + 1_000], start)
        await client.tell(type="end")
        frames, end = await client.rest()
        session = EnergyEngine().session()
        face = make_face(session.spec, idle=False)
        expected = session.push(AudioChunk(exact, 0, 16_000)) + session.flush()
        assert end == {"type": "end", "frames": len(expected), "dropped": 0, "late": end["late"]}
        for frame, own in zip(frames, map(face.apply, expected), strict=True):
            assert (frame.index, frame.timestamp) == (own.index, own.timestamp)
            np.testing.assert_allclose(frame.weights, own.weights, atol=1e-6)
        assert max(frame.by_name["jawOpen"] for frame in frames) > 0.1

    async def test_frames_carry_their_stages(self, client: Client, speech_like: Samples) -> None:
        before = SystemClock().now()
        await client.open()
        await client.speak(speech_like[:16_000])
        frame = decode_frame(bytes(await client.connection.recv(decode=False)))
        after = SystemClock().now()
        assert before <= frame.captured_ns
        assert frame.captured_ns + frame.stages.total * 1_000 <= after
        assert frame.stages.face > 0

    async def test_json_frames(self, client: Client, speech_like: Samples) -> None:
        await client.open(format="json")
        await client.speak(speech_like[:16_000])
        frame = await client.told()
        assert (frame["type"], frame["index"], len(frame["weights"])) == ("frame", 0, 52)

    async def test_another_rate_in_stereo(self, client: Client, speech_like: Samples) -> None:
        await client.open(sample_rate=48_000, channels=2, sample_format="f32le", frame_rate=30)
        stereo = np.stack((speech_like, speech_like), axis=1)
        pcm = encode_samples(stereo, Encoding.F32LE)
        await client.connection.send(encode_audio(AudioMessage(pcm, 0)))
        await client.tell(type="end")
        frames, _ = await client.rest()
        assert [frame.timestamp for frame in frames] == [i * 16_000 // 30 for i in range(30)]

    async def test_turns_come_back(self, client: Client, speech_like: Samples) -> None:
        await client.open()
        await client.speak(speech_like[:8_000], turn=0)
        await client.speak(speech_like[8_000:16_000], start=8_000, turn=7)
        await client.tell(type="end")
        frames, _ = await client.rest()
        assert [frame.turn for frame in frames] == [0] * 30 + [7] * 30

    async def test_one_connection_has_stream_after_stream(
        self, client: Client, speech_like: Samples
    ) -> None:
        sessions = set()
        for _ in range(3):
            sessions.add((await client.open())["session"])
            await client.speak(speech_like[:8_000])
            await client.tell(type="end")
            frames, _ = await client.rest()
            assert [frame.index for frame in frames] == list(range(30))
        assert len(sessions) == 3

    async def test_a_stream_without_audio_has_no_frames(self, client: Client) -> None:
        await client.open()
        await client.tell(type="end")
        assert (await client.rest()) == ([], {"type": "end", "frames": 0, "dropped": 0, "late": 0})

    async def test_pings_are_answered_at_any_time(
        self, client: Client, speech_like: Samples
    ) -> None:
        await client.tell(type="ping", id=1, client_ns=5)
        pong = await client.told()
        assert (pong["type"], pong["id"], pong["client_ns"]) == ("pong", 1, 5)
        await client.open()
        await client.tell(type="ping", id=2)
        assert (await client.told())["clock_ns"] >= pong["clock_ns"]

    async def test_the_look_ahead_can_be_turned_live(
        self, client: Client, speech_like: Samples
    ) -> None:
        await client.open(lookahead_ms=160, idle=False)
        await client.speak(speech_like[:16_000])
        await client.tell(type="lookahead", ms=0)
        await client.speak(speech_like[16_000:], start=16_000)
        await client.tell(type="end")
        before, answer = await client.rest()
        assert answer == {"type": "lookahead", "ms": 0, "lookahead": 0, "frame": 60}
        assert 45 < len(before) < 55
        after, end = await client.rest()
        assert [frame.index for frame in before + after] == list(range(180))
        assert end["frames"] == 180

    @pytest.mark.parametrize(
        ("message", "words"),
        [
            ({"ms": -1}, ">= 0"),
            ({"ms": 2_000}, "<= 1000"),
            ({"ms": 10, "now": True}, "its keys are type, ms"),
        ],
    )
    async def test_a_look_ahead_that_is_none_is_refused(
        self, client: Client, message: dict[str, object], words: str
    ) -> None:
        await client.open()
        await client.tell(type="lookahead", **message)
        await refused(client, "bad-message", 1007, words)

    async def test_sessions_run_side_by_side(
        self, server: FaceServer, speech_like: Samples
    ) -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(6):
                tasks.create_task(goes_well(server, speech_like))


class TestBadClients:
    @pytest.mark.parametrize(
        ("message", "code", "close_code", "words"),
        [
            ("nonsense", "bad-message", 1007, "JSON"),
            ('{"type":"open","version":1,"rate":1}', "bad-message", 1007, "sample_rate"),
            ('{"type":"open","version":9}', "unsupported", 1008, "version 1"),
            ('{"type":"open","version":1,"sample_rate":4000}', "unsupported", 1008, "8000"),
            ('{"type":"open","version":1,"frame_rate":"0"}', "unsupported", 1008, "frame rate"),
            ('{"type":"end"}', "out-of-order", 1008, "send open before end"),
            (b"", "bad-message", 1007, "nothing"),
            (b"\x00\xff\x00", "bad-message", 1007, "0x00"),
            (b"A\x02" + bytes(14), "unsupported", 1008, "version 1"),
            (b"A\x01" + bytes(14), "out-of-order", 1008, "send open before audio"),
        ],
    )
    async def test_a_bad_first_message(
        self,
        server: FaceServer,
        client: Client,
        speech_like: Samples,
        message: str | bytes,
        code: str,
        close_code: int,
        words: str,
    ) -> None:
        await client.connection.send(message)
        await refused(client, code, close_code, words)
        await goes_well(server, speech_like)

    @pytest.mark.parametrize(
        ("message", "code", "close_code", "words"),
        [
            ('{"type":"open","version":1}', "out-of-order", 1008, "end it before the next"),
            ("{}", "bad-message", 1007, "open, end, ping"),
            (encode_audio(AudioMessage(b"abc", 8_000)), "bad-message", 1007, "3 bytes"),
            (encode_audio(AudioMessage(b"ab", 0)), "out-of-order", 1008, "8000 is next"),
            (encode_audio(AudioMessage(b"ab", 90_000)), "out-of-order", 1008, "2 seconds"),
        ],
    )
    async def test_a_bad_message_in_a_stream(
        self,
        server: FaceServer,
        client: Client,
        speech_like: Samples,
        message: str | bytes,
        code: str,
        close_code: int,
        words: str,
    ) -> None:
        await client.open()
        await client.speak(speech_like[:8_000])
        await client.connection.send(message)
        await refused(client, code, close_code, words)
        await goes_well(server, speech_like)

    async def test_what_the_engine_cannot_do_is_unsupported(self) -> None:
        class ShortSighted(EnergyEngine):
            def session(
                self,
                *,
                frame_rate: Fraction = Fraction(60),
                lookahead_ms: float = 80.0,
                clock: Clock | None = None,
            ) -> TunableHopSession:
                if lookahead_ms > 160:
                    raise ConfigError("a look-ahead of 0 to 160 ms, please")
                return super().session(
                    frame_rate=frame_rate, lookahead_ms=lookahead_ms, clock=clock
                )

        async with new_server(ShortSighted()) as server, session_of(server) as connection:
            client = Client(connection)
            await client.tell(type="open", version=1, lookahead_ms=500)
            await refused(client, "unsupported", 1008, "0 to 160 ms")

    async def test_an_oversized_message(
        self, server: FaceServer, client: Client, speech_like: Samples
    ) -> None:
        await client.open()
        await client.connection.send(bytes((1 << 20) + 1))
        assert (await client.closed())[0] == 1009
        await goes_well(server, speech_like)

    async def test_text_that_is_not_utf8(self, server: FaceServer, client: Client) -> None:
        await client.connection.send(b"\xff\xfe", text=True)
        assert (await client.closed())[0] == 1007

    async def test_a_client_that_vanishes(self, server: FaceServer, speech_like: Samples) -> None:
        async with session_of(server) as connection:
            client = Client(connection)
            await client.open()
            await client.speak(speech_like)
            connection.transport.abort()
        await all_sessions_over(server)
        await goes_well(server, speech_like)

    async def test_a_client_that_says_nothing_disturbs_nobody(
        self, server: FaceServer, client: Client, speech_like: Samples
    ) -> None:
        await client.open()
        await goes_well(server, speech_like)
        await client.tell(type="end")
        assert (await client.rest())[1]["frames"] == 0

    async def test_a_client_that_stops_reading_is_sent_away(
        self, speech_like: Samples, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "facewire.server")
        async with new_server(limits=Limits(unread_s=0.2)) as server:
            async with session_of(server, max_queue=1) as connection:
                client = Client(connection)
                await client.open(frame_rate=240, format="json")
                # Nothing is read, so the server stops listening, and this can never be sent.
                with pytest.raises(ConnectionClosed):
                    await speak_on(client, np.tile(speech_like, 8))
                await all_sessions_over(server)
            assert "frames were not read for 0.2 s" in caplog.text
            await goes_well(server, speech_like)

    async def test_a_client_that_stops_reading_does_not_hold_up_the_end(
        self, speech_like: Samples
    ) -> None:
        async with session_of(server := await new_server().__aenter__(), max_queue=1) as connection:
            client = Client(connection)
            await client.open(frame_rate=240, format="json")
            speaking = asyncio.create_task(speak_on(client, np.tile(speech_like, 8)))
            await asyncio.sleep(0.5)
            await server.__aexit__(None, None, None)
            with pytest.raises(ConnectionClosed):
                await speaking

    async def test_a_failing_engine_is_our_fault(
        self, speech_like: Samples, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Broken(EnergyEngine):
            def session(self, **options: Any) -> TunableHopSession:
                session = super().session(**options)
                if options["lookahead_ms"] == 13:
                    object.__setattr__(session, "push", self.fail)
                return session

            def fail(self, chunk: AudioChunk) -> list[BlendshapeFrame]:
                raise RuntimeError("the graph fell over")

        async with new_server(Broken()) as server, session_of(server) as connection:
            client = Client(connection)
            await client.open(lookahead_ms=13)
            await client.speak(speech_like[:1_600])
            await refused(client, "internal", 1011, "its log says why")
            assert "the graph fell over" in caplog.text
            await goes_well(server, speech_like)

    async def test_more_sessions_than_there_are(self, speech_like: Samples) -> None:
        async with new_server(max_sessions=1) as server:
            async with session_of(server) as first:
                await Client(first).open()
                async with session_of(server) as second:
                    await refused(Client(second), "busy", 1013, "all 1 sessions are taken")
            await all_sessions_over(server)
            await goes_well(server, speech_like)


class TestPort:
    async def test_a_port_in_use_is_the_users_mistake(self, server: FaceServer) -> None:
        other = FaceServer(EnergyEngine(), make_face, clock=SystemClock(), port=server.port)
        with pytest.raises(ConfigError, match=rf"port {server.port} .* in use.*--port"):
            await other.__aenter__()

    async def test_an_address_that_is_not_ours(self) -> None:
        other = FaceServer(EnergyEngine(), make_face, clock=SystemClock(), host="192.0.2.1", port=0)
        with pytest.raises(ConfigError, match=r"192\.0\.2\.1.*--host"):
            await other.__aenter__()

    async def test_the_address_fits_into_a_url(self, server: FaceServer) -> None:
        assert server.address == f"127.0.0.1:{server.port}"
        async with new_server(host="0.0.0.0") as everywhere:
            assert everywhere.address == f"127.0.0.1:{everywhere.port}"

    async def test_another_path_is_not_found(self, server: FaceServer) -> None:
        with pytest.raises(InvalidStatus) as caught:
            await connect(f"ws://{server.address}/other")
        assert caught.value.response.status_code == 404

    async def test_a_page_from_elsewhere_is_forbidden(
        self, server: FaceServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        with pytest.raises(InvalidStatus) as caught:
            await session_of(server, origin="https://example.org")
        assert caught.value.response.status_code == 403
        assert "--allow-origin https://example.org" in caplog.text

    async def test_our_own_page_and_those_allowed_may_connect(self) -> None:
        async with new_server(allow_origin=["https://example.org"]) as server:
            for origin in (f"http://{server.address}", "https://example.org"):
                async with session_of(server, origin=origin) as connection:
                    assert (await Client(connection).open())["type"] == "hello"

    async def test_what_is_no_http_leaves_no_noise(
        self, server: FaceServer, speech_like: Samples, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.INFO):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"\x16\x03\x01 hello?\r\n\r\n")
            await reader.read()
            writer.close()
        assert not [record for record in caplog.records if record.name.startswith("facewire")]
        await goes_well(server, speech_like)

    async def test_shutting_down_says_so(self, speech_like: Samples) -> None:
        async with new_server() as server, session_of(server) as connection:
            client = Client(connection)
            await client.open()
            await client.speak(speech_like)
            closing = asyncio.create_task(server.__aexit__(None, None, None))
            assert (await client.closed())[0] == 1001
            await closing
            with pytest.raises(OSError, match="onnect"):
                await session_of(server)
