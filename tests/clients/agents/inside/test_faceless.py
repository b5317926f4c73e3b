"""An agent whose face cannot start, or goes away, is heard all the same."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pipecat.frames.frames import EndFrame, ErrorFrame, InterruptionFrame, TTSStoppedFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.workers.runner import WorkerRunner
from tests.clients.agents.inside.livekit_agent import ClockSink, sound
from tests.clients.agents.inside.pipecat_agent import RecordingTransport, audio

from facewire.clock import SystemClock
from facewire.errors import ConfigError
from facewire.face import make_face
from facewire.server.server import FaceServer
from facewire.stream.engines import load_engine
from facewire_agents.livekit import FaceOptions, FaceOutput
from facewire_agents.pipecat import FaceProcessor

RATE = 16_000
PATIENCE_S = 20
"""Separates what hangs from what works."""
Pcm = NDArray[np.int16]


class Agent:
    """A pipeline that runs in real time, since servers and ports are real."""

    def __init__(self, options: FaceOptions) -> None:
        self.face = FaceProcessor(options)
        self.output = RecordingTransport()
        self.errors: list[str] = []
        self.turns: list[int] = []
        self.heard: list[Any] = []
        self.face.on_face(lambda frame: self.turns.append(frame.turn))
        self.face.add_event_handler("on_interrupted", lambda _, heard: self.heard.append(heard))
        self.worker = PipelineWorker(
            Pipeline([self.face, self.output]),
            params=PipelineParams(audio_out_sample_rate=RATE),
            enable_rtvi=False,
            cancel_on_idle_timeout=False,
        )
        self.worker.add_event_handler("on_pipeline_error", self._on_error)

    async def _on_error(self, _: Any, frame: ErrorFrame) -> None:
        self.errors.append(frame.error)

    async def say(self, pcm: Pcm, context: str, *, stop: bool = True) -> None:
        for first in range(0, len(pcm), RATE // 10):
            await self.worker.queue_frame(audio(pcm[first : first + RATE // 10], RATE, context))
        if stop:
            await self.worker.queue_frame(TTSStoppedFrame(context_id=context))

    @property
    def taken(self) -> int:
        """Samples."""
        return sum(one.samples for one in self.output.played)

    @property
    def sounded(self) -> Pcm:
        return np.frombuffer(b"".join(one.pcm for one in self.output.played), np.int16)


@asynccontextmanager
async def running(options: FaceOptions) -> AsyncIterator[Agent]:
    """Run an agent; at the end it has to end."""
    agent = Agent(options)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(agent.worker)
    task = asyncio.create_task(runner.run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.sleep(0.3)
            yield agent
            await agent.worker.queue_frame(EndFrame())
            await task
    finally:
        task.cancel()


@asynccontextmanager
async def taken_port() -> AsyncIterator[int]:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield sock.getsockname()[1]


def unused_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def speak_without(options: FaceOptions, speech: Pcm) -> tuple[Agent, int]:
    """Return an agent that was interrupted, and how many samples were taken until then."""
    async with running(options) as agent:
        with pytest.raises(ConfigError, match="there is no face: "):
            await agent.face.watched()
        await agent.say(speech[:RATE], "one")
        await agent.say(speech[:RATE], "two")
        # Further than the first of them, which is over, into the second.
        async with asyncio.timeout(PATIENCE_S):
            while agent.taken < 1.4 * RATE:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        taken = agent.taken
        await agent.worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(0.2)
        await agent.say(speech[: RATE // 2], "three")
    return agent, taken


@pytest.mark.parametrize("kind", ["server", "page", "engine", "profile"])
async def test_pipecat_a_face_that_cannot_start_mutes_nobody(
    kind: str, speech: Pcm, tmp_path: Path
) -> None:
    async with taken_port() as port:
        options = {
            "server": FaceOptions(server=f"ws://127.0.0.1:{unused_port()}"),
            "page": FaceOptions(page=port),
            "engine": FaceOptions(engine="there is none"),
            "profile": FaceOptions(profile=tmp_path / "none.toml"),
        }[kind]
        agent, taken = await speak_without(options, speech)
    assert np.array_equal(agent.sounded[:RATE], speech[:RATE])
    assert np.array_equal(agent.sounded[RATE : RATE + RATE // 4], speech[: RATE // 4])
    assert len(agent.sounded) >= 1.8 * RATE
    (error,) = agent.errors
    assert error.startswith("the agent speaks without a face: ")
    assert ("choose another port with FaceOptions(page=...)" in error) == (kind == "page")
    assert error.endswith("(its server is asked again from time to time)") == (kind == "server")
    (heard,) = agent.heard
    assert heard.context == "two"
    assert heard.at_ms == pytest.approx(1000 * (taken / RATE - 1), abs=100)


async def test_pipecat_a_server_that_comes_and_goes_and_comes_gives_a_face(speech: Pcm) -> None:
    port, clock = unused_port(), SystemClock()
    engine = load_engine("phones")

    async def until_faced(agent: Agent, context: str) -> None:
        """Speak until a turn has a face."""
        agent.turns.clear()
        async with asyncio.timeout(PATIENCE_S):
            while not any(agent.turns):
                await agent.say(speech[: RATE // 2], context)
                await asyncio.sleep(0.9)

    async with running(FaceOptions(server=f"ws://127.0.0.1:{port}", idle=False)) as agent:
        await agent.say(speech[: RATE // 2], "without")
        await asyncio.sleep(0.3)
        async with FaceServer(engine, make_face, clock=clock, port=port):
            await until_faced(agent, "with")
            await agent.say(speech[:RATE], "interrupted")
            await asyncio.sleep(0.5)
            await agent.worker.queue_frame(InterruptionFrame())
            await asyncio.sleep(0.3)
            assert 100 < agent.heard[0].at_ms < 600
        await agent.say(speech[: RATE // 2], "without again")
        await asyncio.sleep(0.7)
        assert [error.split(":")[0] for error in agent.errors] == [
            "the agent speaks without a face", "the face is gone"
        ]  # fmt: skip
        async with FaceServer(engine, make_face, clock=clock, port=port):
            await until_faced(agent, "with again")


@pytest.mark.parametrize("started", [True, False])
async def test_livekit_an_output_without_a_face_is_heard(
    started: bool, speech: Pcm, caplog: pytest.LogCaptureFixture
) -> None:
    sink = ClockSink(SystemClock())
    face = FaceOutput(sink, FaceOptions(server=f"ws://127.0.0.1:{unused_port()}"))
    told: list[Any] = []
    face.on("face_interrupted", told.append)
    if started:
        with pytest.raises(ConfigError, match="the face's server cannot be used"):
            await face.start()
    with caplog.at_level(logging.WARNING):
        async with asyncio.timeout(PATIENCE_S):
            for first in range(0, RATE, RATE // 10):
                await face.capture_frame(sound(speech[first : first + RATE // 10], RATE))
            face.flush()
            done = await face.wait_for_playout()
            assert done.playback_position == pytest.approx(1)
            await face.capture_frame(sound(speech[:RATE], RATE))
            await asyncio.sleep(0.4)
            face.clear_buffer()
            assert (await face.wait_for_playout()).interrupted
    await face.aclose()
    await sink.aclose()
    pcm = np.concatenate([np.frombuffer(one.frame.data, np.int16) for one in sink.played])
    assert np.array_equal(pcm[:RATE], speech[:RATE])
    assert 200 < told[0].at_ms < 700
    assert [r.message for r in caplog.records if "without a face" in r.message] == [
        "the agent speaks without a face: FaceOutput has not started"
    ]
