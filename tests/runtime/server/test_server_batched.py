"""The server on an engine whose sessions share runs: the same frames, and one too many is told."""

import asyncio
import json
from importlib import resources
from typing import Any

import numpy as np
import soundfile
from websockets.asyncio.client import ClientConnection, connect

from facewire.audio.format import Encoding
from facewire.clock import SystemClock
from facewire.face import make_face
from facewire.frames import Samples
from facewire.server.server import FaceServer
from facewire.stream.engine import Engine
from facewire.stream.engines import load_engine
from facewire.wire.binary import AudioMessage, WireFrame, decode_frame, encode_audio, encode_samples
from facewire_engines.hearing.batched_session import BatchedSession
from facewire_engines.phones.batched import BatchedPhonesEngine
from facewire_engines.phones.engine import load_embedded

CLIENTS = 6


def clip() -> Samples:
    with resources.as_file(resources.files("facewire") / "assets" / "demo.flac") as path:
        samples, _ = soundfile.read(path, dtype="float32")
    found: Samples = samples
    return found[:16_000]


async def tell(connection: ClientConnection, **message: object) -> None:
    await connection.send(json.dumps(message))


async def told(connection: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await connection.recv())
    return message


async def stream(port: int, samples: Samples) -> list[WireFrame]:
    """Send a clip on a session of its own, and return its frames."""
    async with connect(f"ws://127.0.0.1:{port}/session") as connection:
        await tell(connection, type="open", version=1, idle=False)
        assert (await told(connection))["type"] == "hello"
        for start in range(0, len(samples), 160):
            pcm = encode_samples(samples[start : start + 160], Encoding.S16LE)
            await connection.send(encode_audio(AudioMessage(pcm, start, 0)))
        await tell(connection, type="end")
        frames = []
        while isinstance(message := await connection.recv(), bytes):
            frames.append(decode_frame(message))
        return frames


def server(engine: Engine, **options: Any) -> FaceServer:
    return FaceServer(engine, make_face, clock=SystemClock(), port=0, **options)


async def test_clients_that_share_runs_get_the_frames_that_they_get_alone() -> None:
    engine = BatchedPhonesEngine(load_embedded(), SystemClock(), capacity=CLIENTS)
    clips = [np.roll(clip(), 2_000 * number) for number in range(CLIENTS)]
    async with server(load_engine("phones")) as plain:
        alone = [await stream(plain.port, samples) for samples in clips]
    async with server(engine) as shared:
        together = await asyncio.gather(*(stream(shared.port, samples) for samples in clips))
    for found, expected in zip(together, alone, strict=True):
        assert [frame.timestamp for frame in found] == [frame.timestamp for frame in expected]
        np.testing.assert_allclose(
            [frame.weights for frame in found], [frame.weights for frame in expected], atol=1e-5
        )


async def test_a_session_over_the_engines_capacity_is_told_that_it_is_busy() -> None:
    engine = BatchedPhonesEngine(load_embedded(), SystemClock(), capacity=1)
    async with server(engine) as shared:
        url = f"ws://127.0.0.1:{shared.port}/session"
        async with connect(url) as first, connect(url) as second:
            await tell(first, type="open", version=1)
            assert (await told(first))["type"] == "hello"
            await tell(second, type="open", version=1)
            error = await told(second)
            assert (error["type"], error["code"]) == ("error", "busy")
            assert "all 1 sessions" in error["message"]


def test_many_sessions_get_an_engine_that_batches() -> None:
    assert isinstance(load_engine("phones", 64), BatchedPhonesEngine)
    assert not isinstance(load_engine("phones", 8), BatchedPhonesEngine)
    assert load_engine("energy", 64).name == "energy"


class Hoarder(BatchedPhonesEngine):
    """Keeps every session it opened, so that no row comes back by the garbage collector."""

    def __init__(self, capacity: int) -> None:
        super().__init__(load_embedded(), SystemClock(), capacity=capacity)
        self.opened: list[object] = []

    def session(self, **options: Any) -> BatchedSession:
        session = super().session(**options)
        self.opened.append(session)
        return session


async def test_a_row_comes_back_when_its_client_vanishes() -> None:
    engine = Hoarder(capacity=1)
    async with server(engine) as shared:
        for _ in range(3):
            async with connect(f"ws://127.0.0.1:{shared.port}/session") as connection:
                await tell(connection, type="open", version=1)
                assert (await told(connection))["type"] == "hello"
                pcm = encode_samples(clip(), Encoding.S16LE)
                await connection.send(encode_audio(AudioMessage(pcm, 0, 0)))
                connection.transport.abort()
            while shared.sessions:  # noqa: ASYNC110 # the server tells nobody when one is over
                await asyncio.sleep(0.01)
        assert await stream(shared.port, clip())
