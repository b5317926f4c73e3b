"""Sessions over real sockets: good streams, bad clients, and that the others go on."""

import asyncio
import logging

import numpy as np
import pytest
from tests.runtime.server.session_client import (
    Client,
    goes_well,
    new_server,
    refused,
    session_of,
)
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from facewire import arkit
from facewire.audio.format import Encoding
from facewire.clock import SystemClock
from facewire.errors import ConfigError
from facewire.face import make_face
from facewire.frames import AudioChunk, Samples
from facewire.server.server import FaceServer
from facewire.wire.binary import AudioMessage, decode_frame, encode_audio, encode_samples
from facewire_engines.energy.engine import EnergyEngine


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
