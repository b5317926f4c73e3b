"""The broadcast: what viewers get, and that a slow one slows nobody."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect

from facewire import arkit
from facewire.clock import SECOND, ManualClock
from facewire.face import make_face
from facewire.frames import AudioChunk, BlendshapeFrame, Samples, Stamps, StreamSpec
from facewire.server.server import FaceServer
from facewire.sinks.websocket import Broadcaster, WebSocketSink
from facewire.wire.binary import FRAME_BYTES, WireFrame, decode_audio, decode_frame
from facewire_engines.energy.engine import EnergyEngine

SPEC = StreamSpec(frame_rate=Fraction(50))


def frame(index: int, captured: int = 0) -> BlendshapeFrame:
    weights = np.linspace(0, 1, arkit.COUNT, dtype=np.float32)
    stamps = Stamps(captured=captured)
    return BlendshapeFrame(weights, index, SPEC.timestamp(index), stamps=stamps)


@dataclass
class Stage:
    """A server with a live stream, and a clock that stands still."""

    server: FaceServer
    sink: WebSocketSink
    clock: ManualClock

    def watch(self, query: str = "", **options: Any) -> connect:
        options = {"close_timeout": 0.2} | options
        return connect(f"ws://{self.server.address}/face{query}", compression=None, **options)

    async def watched_by(self, count: int) -> None:
        """Return when so many watch."""
        while self.server.broadcaster.viewers != count:  # noqa: ASYNC110 # nobody tells
            await asyncio.sleep(0.005)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    clock = ManualClock(now=10 * SECOND)
    broadcaster = Broadcaster(clock=clock)
    server = FaceServer(
        EnergyEngine(), make_face, clock=clock, port=0, broadcaster=broadcaster, open_sound=True
    )
    async with server:
        sink = WebSocketSink(broadcaster)
        yield Stage(server, sink, clock)
        await sink.aclose()


async def told(viewer: ClientConnection) -> dict[str, Any]:
    message = await viewer.recv()
    assert isinstance(message, str)
    parsed: dict[str, Any] = json.loads(message)
    return parsed


async def shown(viewer: ClientConnection) -> WireFrame:
    message = await viewer.recv()
    assert isinstance(message, bytes)
    return decode_frame(message)


async def test_a_viewer_gets_hello_then_frames_then_the_end(stage: Stage) -> None:
    await stage.sink.open(SPEC, "energy")
    async with stage.watch() as viewer:
        hello = await told(viewer)
        assert hello["type"] == "hello"
        assert (hello["engine"], hello["frame_rate"], hello["format"]) == (
            "energy",
            [50, 1],
            "binary",
        )
        assert (hello["lookahead"], hello["hop"]) == (SPEC.lookahead, 160)
        assert hello["clock_ns"] == stage.clock.now()
        for index in range(3):
            await stage.sink.send(frame(index))
        for index in range(3):
            got = await shown(viewer)
            assert (got.index, got.timestamp) == (index, SPEC.timestamp(index))
            np.testing.assert_array_equal(got.weights, frame(index).weights)
        await stage.sink.aclose()
        assert await told(viewer) == {"type": "end", "frames": 3, "dropped": 0, "late": 0}
        await viewer.wait_closed()
        assert viewer.close_code == 1000


async def test_a_viewer_who_comes_first_waits_for_the_stream(stage: Stage) -> None:
    async with stage.watch() as viewer:
        await viewer.send('{"type":"ping","id":4}')
        assert (await told(viewer))["type"] == "pong"
        await stage.sink.open(SPEC, "energy")
        assert (await told(viewer))["type"] == "hello"


async def test_who_waits_for_a_viewer_is_told_when_one_is_there(stage: Stage) -> None:
    """And waits again when all are gone."""
    broadcaster = stage.server.broadcaster
    await stage.sink.open(SPEC, "energy")
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(broadcaster.watched(), 0.05)
        async with stage.watch(), stage.watch():
            await asyncio.wait_for(broadcaster.watched(), 10)
        await stage.watched_by(0)


async def test_a_viewer_who_comes_late_gets_the_rest(stage: Stage) -> None:
    await stage.sink.open(SPEC, "energy")
    await stage.sink.send(frame(0))
    async with stage.watch() as viewer:
        await told(viewer)
        await stage.sink.send(frame(1))
        assert (await shown(viewer)).index == 1


async def test_each_viewer_gets_the_format_it_asked_for(stage: Stage) -> None:
    await stage.sink.open(SPEC, "energy")
    async with stage.watch() as binary, stage.watch("?format=json") as text:
        assert (await told(text))["format"] == "json"
        await told(binary)
        await stage.sink.send(frame(5))
        assert len(await binary.recv()) == FRAME_BYTES
        got = await told(text)
        assert (got["type"], got["index"]) == ("frame", 5)
        np.testing.assert_allclose(got["weights"], frame(5).weights, atol=1e-5)


async def test_audio_goes_to_those_who_want_to_hear(stage: Stage, speech_like: Samples) -> None:
    await stage.sink.open(SPEC, "energy")
    async with stage.watch("?audio=1") as listener, stage.watch() as viewer:
        await told(listener)
        await told(viewer)
        await stage.sink.send_audio(AudioChunk(speech_like[:480], 320, 16_000))
        await stage.sink.send(frame(1))
        message = await listener.recv()
        assert isinstance(message, bytes)
        audio = decode_audio(message)
        assert audio.start == 320
        heard = np.frombuffer(audio.pcm, "<i2") / 32_768
        np.testing.assert_allclose(heard, speech_like[:480], atol=1 / 32_768)
        assert (await shown(listener)).index == 1
        assert (await shown(viewer)).index == 1


async def test_frames_say_when_they_were_sent_and_lateness_is_counted(stage: Stage) -> None:
    await stage.sink.open(SPEC, "energy")
    async with stage.watch() as viewer:
        await told(viewer)
        now = stage.clock.now()
        await stage.sink.send(frame(0, captured=now - SECOND // 50))
        await stage.sink.send(frame(1, captured=now - SECOND // 50 - 1_000))
        assert (await shown(viewer)).stages.total == 20_000
        assert (await shown(viewer)).stages.total == 20_001
        await stage.sink.aclose()
        assert await told(viewer) == {"type": "end", "frames": 2, "dropped": 0, "late": 1}


async def test_a_viewer_that_does_not_read_misses_frames_and_slows_nobody(stage: Stage) -> None:
    await stage.sink.open(SPEC, "energy")
    count = 4_000
    async with stage.watch("?format=json", max_queue=1) as slow, stage.watch() as quick:
        await told(quick)
        await stage.watched_by(2)
        received = asyncio.create_task(_take(quick, count))
        for index in range(count):
            await stage.sink.send(frame(index))
            await asyncio.sleep(0)
        assert await received == list(range(count))
        assert (await told(slow))["type"] == "hello"
        reading = asyncio.create_task(_rest(slow))
        await stage.sink.aclose()
        indices, end = await reading
    assert end["dropped"] > 0
    assert end["frames"] + end["dropped"] == count
    assert len(indices) == end["frames"] < count
    assert indices == sorted(set(indices))


async def _take(viewer: ClientConnection, count: int) -> list[int]:
    return [(await shown(viewer)).index for _ in range(count)]


async def _rest(viewer: ClientConnection) -> tuple[list[int], dict[str, Any]]:
    indices = []
    while (message := await told(viewer))["type"] == "frame":
        indices.append(message["index"])
    return indices, message


async def test_a_viewer_that_leaves_is_forgotten(stage: Stage) -> None:
    await stage.sink.open(SPEC, "energy")
    async with stage.watch() as viewer:
        await told(viewer)
        await stage.watched_by(1)
        viewer.transport.abort()
        await stage.watched_by(0)
    await stage.sink.send(frame(0))


@pytest.mark.parametrize(
    ("query", "message", "code", "words"),
    [
        ("?format=xml", None, "unsupported", "format=xml"),
        ("?audio=yes", None, "unsupported", "audio=yes"),
        ("?fps=30", None, "unsupported", "format=binary|json and audio=0|1"),
        ("", '{"type":"open","version":1}', "out-of-order", "/session"),
        ("", "hello?", "bad-message", "JSON"),
        ("", b"A\x01", "out-of-order", "nothing but ping"),
    ],
)
async def test_a_bad_viewer_is_told_and_the_others_see_on(
    stage: Stage, query: str, message: str | bytes | None, code: str, words: str
) -> None:
    await stage.sink.open(SPEC, "energy")
    async with stage.watch() as good, stage.watch(query) as bad:
        await told(good)
        if message is not None:
            assert (await told(bad))["type"] == "hello"
            await bad.send(message)
        error = await told(bad)
        assert (error["type"], error["code"]) == ("error", code)
        assert words in error["message"]
        await bad.wait_closed()
        await stage.sink.send(frame(0))
        assert (await shown(good)).index == 0


async def test_there_is_nothing_to_watch_where_everybody_has_a_session() -> None:
    server = FaceServer(EnergyEngine(), make_face, clock=ManualClock(), port=0)
    async with server, connect(f"ws://{server.address}/face") as viewer:
        error = await told(viewer)
        assert (error["code"], "/session" in error["message"]) == ("no-stream", True)
        await viewer.wait_closed()
        assert viewer.close_code == 1008


async def test_opening_again_goes_on_and_another_stream_is_another(stage: Stage) -> None:
    await stage.sink.open(SPEC, "energy")
    async with stage.watch() as viewer:
        first = (await told(viewer))["session"]
        await stage.sink.open(SPEC, "energy")
        await stage.sink.send(frame(0))
        assert (await shown(viewer)).index == 0
        await stage.sink.open(StreamSpec(frame_rate=Fraction(30)), "energy")
        assert (await told(viewer))["type"] == "end"
    async with stage.watch() as viewer:
        hello = await told(viewer)
        assert hello["frame_rate"] == [30, 1]
        assert hello["session"] != first


async def test_without_viewers_nothing_happens(stage: Stage, speech_like: Samples) -> None:
    await stage.sink.send(frame(0))
    await stage.sink.open(SPEC, "energy")
    await stage.sink.send(frame(0))
    await stage.sink.send_audio(AudioChunk(speech_like, 0, 16_000))
    await stage.sink.aclose()
    await stage.sink.aclose()
    assert not stage.sink.lossless
