"""What else happens to a face in a pipeline of Pipecat."""

import asyncio
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.workers.runner import WorkerRunner
from tests.clients.agents.inside.pipecat_agent import RecordingTransport, audio, running
from tests.clients.agents.inside.virtual_time import CountedThreads, LoopClock, loop, run

from facewire.clock import MILLISECOND, SystemClock
from facewire.face import make_face
from facewire.server.server import FaceServer
from facewire.stream.engines import load_engine
from facewire.wire.binary import WireFrame
from facewire_agents.pipecat import FaceOptions, FaceProcessor, FacewireTTSService
from facewire_client import AudioRun, FaceViewer

RATE = 16_000
FRAME_MS = 1000 / 60
Pcm = NDArray[np.int16]


def test_audio_that_never_ends_holds_a_few_seconds_of_faces(speech: Pcm) -> None:
    endless = np.tile(speech, 20)

    async def main() -> None:
        options = FaceOptions(engine="energy", lookahead_ms=80)
        async with running(RATE, options=options, messages=False) as agent:
            await agent.say(endless, RATE, stop=False)
            most = 0
            for _ in range(60):
                await asyncio.sleep(1)
                most = max(most, agent.face.face.waiting)
                ahead = agent.output.played[-1].end - agent.clock.now()
                assert ahead < 100 * MILLISECOND
            assert 250 < most < 6 * 60
            await agent.send(InterruptionFrame())
            await asyncio.sleep(0.3)
            assert agent.face.face.waiting < 10

    run(main())


def test_speech_that_may_not_be_interrupted_goes_on_with_its_face(speech: Pcm) -> None:
    async def main() -> None:
        async with running(RATE) as agent:
            for first in range(0, 3 * RATE, RATE // 10):
                frame = audio(speech[first : first + RATE // 10], RATE, "important")
                frame.interruptible = False
                await agent.send(frame)
            stopped = TTSStoppedFrame(context_id="important")
            stopped.interruptible = False
            await agent.send(stopped)
            await asyncio.sleep(1)
            await agent.send(InterruptionFrame())
            await asyncio.sleep(3)
            assert not agent.interrupted
            assert len(agent.turn(1)) >= 180
            whole = np.frombuffer(b"".join(one.pcm for one in agent.output.played), np.int16)
            assert np.array_equal(whole[: 3 * RATE], speech[: 3 * RATE])

    run(main())


def test_what_is_no_speech_passes_in_its_order(speech: Pcm) -> None:
    async def main() -> None:
        async with running(RATE) as agent:
            seen: list[str] = []

            async def note(_: Any, frame: Any) -> None:
                seen.append(type(frame).__name__)

            agent.output.add_event_handler("on_before_push_frame", note)
            await agent.say(speech[:RATE], RATE)
            await agent.send(LLMFullResponseEndFrame())
            await asyncio.sleep(2)
            assert seen.index("LLMFullResponseEndFrame") > seen.index("TTSStoppedFrame")
            assert seen.index("TTSStoppedFrame") > seen.index("TTSAudioRawFrame")

    run(main())


def test_a_face_without_a_transport_says_where_it_belongs(speech: Pcm) -> None:
    errors: list[str] = []

    async def main() -> None:
        clock = LoopClock(loop())
        face = FaceProcessor(FaceOptions(engine="energy"), clock=clock, threads=CountedThreads)
        worker = PipelineWorker(Pipeline([face]), enable_rtvi=False, cancel_on_idle_timeout=False)

        async def on_error(_: Any, frame: ErrorFrame) -> None:
            errors.append(frame.error)

        worker.add_event_handler("on_pipeline_error", on_error)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        task = asyncio.create_task(runner.run())
        await asyncio.sleep(0.5)
        await worker.queue_frame(audio(speech[:RATE], RATE, "one"))
        await worker.queue_frame(EndFrame())
        await task

    run(main())
    assert ["put it before transport.output()" in error for error in errors] == [True]


def test_a_server_can_make_the_faces(speech: Pcm) -> None:
    """In real time, since the server is a real one."""

    async def main() -> None:
        clock = SystemClock()
        async with FaceServer(load_engine("phones"), make_face, clock=clock, port=0) as server:
            options = FaceOptions(server=f"ws://{server.address}", idle=False)
            shown = []
            face = FaceProcessor(options)
            face.on_face(lambda frame: shown.append((clock.now(), frame)))
            output = RecordingTransport()
            worker = PipelineWorker(
                Pipeline([face, output]),
                params=PipelineParams(audio_out_sample_rate=RATE),
                enable_rtvi=False,
                cancel_on_idle_timeout=False,
            )
            heard: list[Any] = []
            face.add_event_handler("on_interrupted", lambda _, told: heard.append(told))
            runner = WorkerRunner(handle_sigint=False)
            await runner.add_workers(worker)
            task = asyncio.create_task(runner.run())
            await asyncio.sleep(0.5)
            for first in range(0, 5 * RATE, RATE // 10):
                await worker.queue_frame(audio(speech[first : first + RATE // 10], RATE, "one"))
            await asyncio.sleep(2)
            now = clock.now()
            await worker.queue_frame(InterruptionFrame())
            await asyncio.sleep(1)
            await worker.queue_frame(EndFrame())
            await task
        turn = [(when, frame) for when, frame in shown if frame.turn == 1]
        assert len(turn) > 60
        jaws = [frame.weights.max() for when, frame in turn]
        assert max(jaws) > 0.2
        assert heard[0].sample is not None
        assert [frame for when, frame in shown if when > now + 400 * MILLISECOND]
        assert not [frame for when, frame in shown if when > now + 100 * MILLISECOND and frame.turn]

    asyncio.run(main())


def test_an_agent_whose_server_goes_away_speaks_on(speech: Pcm) -> None:
    """In real time, since the server is a real one."""
    errors: list[str] = []
    output = RecordingTransport()

    async def main() -> None:
        async with FaceServer(
            load_engine("phones"), make_face, clock=SystemClock(), port=0
        ) as server:
            face = FaceProcessor(FaceOptions(server=f"ws://{server.address}"))
            worker = PipelineWorker(
                Pipeline([face, output]),
                params=PipelineParams(audio_out_sample_rate=RATE),
                enable_rtvi=False,
                cancel_on_idle_timeout=False,
            )

            async def on_error(_: Any, frame: ErrorFrame) -> None:
                errors.append(frame.error)

            worker.add_event_handler("on_pipeline_error", on_error)
            runner = WorkerRunner(handle_sigint=False)
            await runner.add_workers(worker)
            task = asyncio.create_task(runner.run())
            await face.opened()
            await asyncio.sleep(0.3)
            for first in range(0, 2 * RATE, RATE // 10):
                await worker.queue_frame(audio(speech[first : first + RATE // 10], RATE, "one"))
            await asyncio.sleep(0.5)
        await worker.queue_frame(TTSStoppedFrame(context_id="one"))
        await worker.queue_frame(EndFrame())
        async with asyncio.timeout(20):
            await task

    asyncio.run(main())
    assert ["the face is gone: no more faces come" in error for error in errors] == [True]
    whole = np.frombuffer(b"".join(one.pcm for one in output.played), np.int16)
    assert np.array_equal(whole[: 2 * RATE], speech[: 2 * RATE])


def test_a_voice_of_ours_speaks_on_the_page() -> None:
    """In real time: a real page's socket, the embedded voice, and nothing of a cloud."""

    async def main() -> None:
        face = FaceProcessor(FaceOptions(page=0))
        output = RecordingTransport()
        pipeline = Pipeline([FacewireTTSService(), face, output])
        worker = PipelineWorker(pipeline, enable_rtvi=False, cancel_on_idle_timeout=False)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        task = asyncio.create_task(runner.run())
        await asyncio.sleep(1)
        (url, *_) = face.page_urls
        frames: list[WireFrame] = []
        runs: list[AudioRun] = []
        async with FaceViewer(url, audio=True) as viewer:
            await worker.queue_frame(TTSSpeakFrame("Bob bought my puppy a map."))
            try:
                async with asyncio.timeout(4):
                    async for item in viewer.faces_and_audio():
                        if isinstance(item, AudioRun):
                            runs.append(item)
                        else:
                            frames.append(item)
            except TimeoutError:
                pass
        await worker.queue_frame(EndFrame())
        await task
        spoken = [frame for frame in frames if frame.turn]
        assert len(spoken) > 60
        assert len([frame for frame in frames if not frame.turn]) > 60
        assert np.abs(np.concatenate([run.samples for run in runs])).max() > 0.1
        # One clock for both, without a hole, whatever faces a busy machine leaves out.
        assert all(b.start == a.start + len(a.samples) for a, b in pairwise(runs))
        end = runs[-1].start + len(runs[-1].samples)
        assert all(runs[0].start <= frame.timestamp < end for frame in spoken)

    asyncio.run(main())
