"""The Python client against a real server."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from facewire.clock import SECOND, ManualClock, SystemClock
from facewire.face import make_face
from facewire.frames import AudioChunk, BlendshapeFrame, Samples, StreamSpec
from facewire.server.server import FaceServer
from facewire.sinks.websocket import Broadcaster, WebSocketSink
from facewire.wire.binary import WireFrame
from facewire_client import AudioRun, ClockOffset, FaceClient, FaceViewer, ServerError
from facewire_engines.energy.engine import EnergyEngine

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "clients" / "python" / "example.py"


@pytest.fixture
def speech() -> Samples:
    """Two seconds at 16 kHz: noise with syllables."""
    seconds = np.arange(32_000) / 16_000
    noise = np.random.default_rng(3).uniform(-0.4, 0.4, len(seconds))
    sound: Samples = (noise * np.sin(2 * np.pi * seconds) ** 2).astype(np.float32)
    return sound


@pytest.fixture
async def server() -> AsyncIterator[FaceServer]:
    clock = SystemClock()
    broadcaster = Broadcaster(clock=clock)
    engine = EnergyEngine()
    async with FaceServer(
        engine, make_face, clock=clock, port=0, broadcaster=broadcaster, open_sound=True
    ) as server:
        yield server


def url(server: FaceServer) -> str:
    return f"ws://{server.address}"


class TestFaceClient:
    async def test_speech_goes_in_and_faces_come_out(
        self, server: FaceServer, speech: Samples
    ) -> None:
        async with FaceClient(url(server), frame_rate=30, lookahead_ms=40) as face:
            assert face.hello.frame_rate == (30, 1)
            assert face.hello.lookahead == 640
            await face.send(speech)
            await face.end()
            frames = [frame async for frame in face]
        assert [frame.timestamp for frame in frames] == [i * 16_000 // 30 for i in range(60)]
        assert max(frame.by_name["jawOpen"] for frame in frames) > 0.2
        assert face.ended is not None
        assert (face.ended.frames, face.ended.dropped, face.sent) == (60, 0, 32_000)

    async def test_the_look_ahead_can_be_turned(self, server: FaceServer, speech: Samples) -> None:
        async with FaceClient(url(server), lookahead_ms=0) as face:
            await face.send(speech[:16_000])
            await face.set_lookahead(80)
            await face.send(speech[16_000:])
            await face.end()
            frames = [frame.index async for frame in face]
            assert face.lookahead is not None
            assert (face.lookahead.ms, face.lookahead.lookahead) == (80, 1_280)
            assert 55 < face.lookahead.frame <= 61
        assert frames == list(range(120))

    async def test_a_seed_moves_the_same_way(self, server: FaceServer, speech: Samples) -> None:
        async def idle(seed: int | None) -> list[list[float]]:
            async with FaceClient(f"ws://{server.address}", seed=seed) as face:
                return [frame.weights.tolist() async for frame in face.animate(speech)]

        same, again, other = await idle(7), await idle(7), await idle(8)
        assert same == again
        assert same != other

    async def test_silence_goes_on_where_audio_does_not(
        self, server: FaceServer, speech: Samples
    ) -> None:
        said, rest = speech[:8_000], speech[8_000:16_000]
        async with FaceClient(f"ws://{server.address}", idle=False, silence_ms=100) as face:
            await face.send(said)
            async for frame in face:
                if frame.timestamp > len(said) + 1_600:
                    break
            await face.send(rest)
            await face.end()
            last = [frame async for frame in face][-1]
        assert face.silence is not None
        assert face.silence.start == len(said)
        assert last.timestamp >= len(said) + len(rest) + face.silence.total - 16_000 // 60 - 1

    async def test_floats_and_integers_make_the_same_faces(
        self, server: FaceServer, speech: Samples
    ) -> None:
        integers = np.rint(speech * 32_768).astype(np.int16)
        exact = integers.astype(np.float32) / np.float32(32_768)
        faces = []
        for samples, sample_format in ((integers, "s16le"), (exact, "f32le"), (exact, "s16le")):
            async with FaceClient(
                f"{url(server)}/session",
                sample_format="f32le" if sample_format == "f32le" else "s16le",
                idle=False,
            ) as face:
                await face.send(samples)
                await face.end()
                faces.append(np.stack([frame.weights async for frame in face]))
        np.testing.assert_array_equal(faces[0], faces[1])
        np.testing.assert_array_equal(faces[0], faces[2])

    async def test_json_brings_the_same_faces(self, server: FaceServer, speech: Samples) -> None:
        faces = {}
        for form in ("binary", "json"):
            async with FaceClient(
                url(server), format="json" if form == "json" else "binary", idle=False
            ) as face:
                await face.send(speech)
                await face.end()
                faces[form] = [frame async for frame in face]
        for binary, text in zip(faces["binary"], faces["json"], strict=True):
            np.testing.assert_allclose(binary.weights, text.weights, atol=1e-5)
            assert (binary.index, binary.timestamp) == (text.index, text.timestamp)

    async def test_stereo_at_another_rate_and_turns(
        self, server: FaceServer, speech: Samples
    ) -> None:
        stereo = np.stack((speech, speech), axis=1)
        async with FaceClient(
            url(server), sample_rate=48_000, channels=2, frame_rate="30000/1001"
        ) as face:
            await face.send(stereo[:16_000])
            await face.send(stereo[16_000:], turn=1)
            await face.end()
            turns = [frame.turn async for frame in face]
        assert turns == sorted(turns)
        assert set(turns) == {0, 1}
        assert len(turns) == 20

    async def test_long_audio_is_said_and_read_side_by_side(self, server: FaceServer) -> None:
        silence = np.zeros(16_000 * 120, np.int16)
        async with FaceClient(url(server)) as face, asyncio.TaskGroup() as tasks:
            tasks.create_task(face.say(silence))
            assert [frame.index async for frame in face] == list(range(60 * 120))

    async def test_the_clocks_of_one_machine_agree(self, server: FaceServer) -> None:
        async with FaceClient(url(server)) as face:
            assert 0 < face.round_trip_ns < 10 * SECOND
            assert abs(face.clock_offset_ns) <= face.round_trip_ns

    async def test_wrong_channels_are_the_programmers_mistake(self, server: FaceServer) -> None:
        async with FaceClient(url(server)) as face:
            with pytest.raises(ValueError, match="expected 1 channel"):
                await face.send(np.zeros((100, 2), np.float32))

    async def test_a_refusal_is_an_error_with_its_code(self, server: FaceServer) -> None:
        client = FaceClient(url(server), sample_rate=1_000)
        with pytest.raises(ServerError, match="8000 to 192000") as caught:
            await client.__aenter__()
        assert caught.value.code == "unsupported"

    async def test_nobody_there_is_an_error_in_words(self) -> None:
        server = FaceServer(EnergyEngine(), make_face, clock=SystemClock(), port=0)
        async with server:
            address = url(server)
        with pytest.raises(ServerError, match=r"does not answer.*is it running"):
            await FaceClient(address).__aenter__()

    @pytest.mark.parametrize("address", ["http://127.0.0.1:1", "127.0.0.1:8765", "ws://"])
    async def test_what_is_no_address_is_an_error_in_words(self, address: str) -> None:
        with pytest.raises(ServerError, match="does not answer"):
            await FaceClient(address).__aenter__()

    async def test_a_server_that_shuts_down_is_an_error(self, speech: Samples) -> None:
        clock = SystemClock()
        server = await FaceServer(EnergyEngine(), make_face, clock=clock, port=0).__aenter__()
        async with FaceClient(url(server)) as face:
            await face.send(speech)
            await server.__aexit__(None, None, None)
            with pytest.raises(ServerError, match="closed the connection"):
                assert [frame async for frame in face]
            with pytest.raises(ServerError):
                await face.send(speech)

    def test_before_it_is_entered_nothing_is_known(self) -> None:
        with pytest.raises(ValueError, match="async with"):
            _ = FaceClient("ws://127.0.0.1:8765").hello


class TestFaceViewer:
    async def test_a_viewer_sees_the_live_stream_until_it_ends(self, server: FaceServer) -> None:
        sink = WebSocketSink(server.broadcaster)
        await sink.open(StreamSpec(), "energy")
        async with FaceViewer(url(server)) as viewer:
            assert viewer.hello.engine == "energy"
            for index in range(5):
                await sink.send(BlendshapeFrame(np.zeros(52, np.float32), index, 266 * index))
            closing = asyncio.create_task(sink.aclose())
            assert [frame.index async for frame in viewer] == list(range(5))
            await closing
            assert viewer.ended is not None
            assert viewer.ended.frames == 5

    async def test_a_viewer_can_hear(self, server: FaceServer, speech: Samples) -> None:
        sink = WebSocketSink(server.broadcaster)
        await sink.open(StreamSpec(), "energy")
        async with FaceViewer(url(server), audio=True, format="json") as viewer:
            await sink.send_audio(AudioChunk(speech[:480], 480, 16_000))
            await sink.send(BlendshapeFrame(np.zeros(52, np.float32), 2, 533))
            closing = asyncio.create_task(sink.aclose())
            heard, seen = [item async for item in viewer.faces_and_audio()]
            await closing
        assert isinstance(heard, AudioRun)
        assert isinstance(seen, WireFrame)
        assert (heard.start, seen.timestamp) == (480, 533)
        np.testing.assert_allclose(heard.samples, speech[:480], atol=1 / 32_768)

    async def test_a_stream_that_ends_while_we_greet_is_seen_whole(
        self, server: FaceServer
    ) -> None:
        sink = WebSocketSink(server.broadcaster)
        entering = asyncio.create_task(FaceViewer(url(server)).__aenter__())
        await sink.open(StreamSpec(), "energy")
        while not server.broadcaster.viewers:  # noqa: ASYNC110 # nobody tells
            await asyncio.sleep(0)
        await sink.send(BlendshapeFrame(np.zeros(52, np.float32), 0, 0))
        closing = asyncio.create_task(sink.aclose())
        viewer = await entering
        assert [frame.index async for frame in viewer] == [0]
        await viewer.__aexit__(None, None, None)
        await closing

    async def test_where_nothing_is_live_there_is_nothing_to_watch(self) -> None:
        server = FaceServer(EnergyEngine(), make_face, clock=ManualClock(), port=0)
        async with server:
            with pytest.raises(ServerError, match="no live stream") as caught:
                await FaceViewer(url(server)).__aenter__()
        assert caught.value.code == "no-stream"


class TestClockOffset:
    def test_the_quickest_ping_counts(self) -> None:
        offset = ClockOffset()
        offset.add(sent_ns=0, server_ns=1_000, received_ns=1_000)
        offset.add(sent_ns=10_000, server_ns=10_605, received_ns=10_010)
        offset.add(sent_ns=20_000, server_ns=20_900, received_ns=20_500)
        assert (offset.offset_ns, offset.round_trip_ns) == (600, 10)

    def test_old_pings_are_forgotten(self) -> None:
        offset = ClockOffset()
        offset.add(0, 500, 0)
        for sent in range(8):
            offset.add(sent, sent + 105, sent + 10)
        assert (offset.offset_ns, offset.round_trip_ns) == (100, 10)

    def test_before_the_first_ping_nothing_is_known(self) -> None:
        assert (ClockOffset().offset_ns, ClockOffset().round_trip_ns) == (0, 0)


async def run_python(*arguments: str) -> list[str]:
    """Run a program, and return the lines that it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode().splitlines()


@pytest.fixture
def recording(speech: Samples, tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    soundfile.write(path, speech, 16_000)
    return path


async def test_the_example_runs(server: FaceServer, recording: Path) -> None:
    lines = await run_python(str(EXAMPLE), str(recording), url(server))
    assert len(lines) == 120
    assert lines[60].startswith("   1.000 s  jawOpen 0.")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["speech.wav", "--help"], 0, "usage: example.py"),
        ([], 2, "usage: example.py"),
        (["{recording}", "ws://127.0.0.1:9"], 1, "does not answer"),
        (["{recording}", "{server}/elsewhere"], 1, "404"),
        (["no.wav", "{server}"], 1, "no.wav"),
    ],
)
async def test_the_example_says_what_is_wrong(
    server: FaceServer, recording: Path, arguments: list[str], status: int, words: str
) -> None:
    given = [text.format(recording=recording, server=url(server)) for text in arguments]
    # As a user runs it: asyncio's debugging tells of whatever a busy machine makes slow.
    variables = {k: value for k, value in os.environ.items() if k != "PYTHONASYNCIODEBUG"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(EXAMPLE), *given,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=variables,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == status
    assert words in said.decode()
    assert status != 1 or len(said.splitlines()) == 1


def snippets(document: str) -> list[str]:
    text = (ROOT / document).read_text()
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def pointed_at(server: FaceServer, snippet: str, recording: Path) -> str:
    assert "ws://127.0.0.1:8765" in snippet
    return snippet.replace("ws://127.0.0.1:8765", url(server)).replace("speech.wav", str(recording))


async def test_the_session_in_the_readme_runs(server: FaceServer, recording: Path) -> None:
    session, patient, *_ = snippets("clients/python/README.md")
    for snippet in (session, patient):
        lines = await run_python("-c", pointed_at(server, snippet, recording))
        assert len(lines) == 120
        assert lines[60].startswith("16000 0.")


async def test_what_the_readme_catches_is_raised(server: FaceServer, recording: Path) -> None:
    _, patient, *_ = snippets("clients/python/README.md")
    refused = pointed_at(server, patient, recording).replace(
        "sample_rate=sample_rate", "channels=9"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", refused, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    _, said = await process.communicate()
    assert said.decode().splitlines()[-1].startswith("facewire_client.server_error.ServerError: ")
    assert "ExceptionGroup" not in said.decode()


async def test_the_viewer_in_the_readme_runs(server: FaceServer, recording: Path) -> None:
    *_, viewer = snippets("clients/python/README.md")
    sink = WebSocketSink(server.broadcaster)
    await sink.open(StreamSpec(), "energy")
    watching = asyncio.create_task(run_python("-c", pointed_at(server, viewer, recording)))
    while not server.broadcaster.viewers:  # noqa: ASYNC110 # nobody tells
        await asyncio.sleep(0.01)
    await sink.send(BlendshapeFrame(np.zeros(52, np.float32), 2, 533))
    await sink.aclose()
    assert await watching == ["533 0.0"]


async def test_the_protocol_by_hand_runs(server: FaceServer, recording: Path) -> None:
    (by_hand,) = snippets("docs/protocol.md")
    hello, *lines = await run_python("-c", pointed_at(server, by_hand, recording))
    assert '"type":"hello"' in hello
    assert len(lines) == 60
    assert lines[30] == "8000 0.0"
