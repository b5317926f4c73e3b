"""Faces on a real transport of Pipecat, to a client at the other end of its socket."""

import asyncio
import json
import socket
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pipecat.frames.frames import EndFrame, InterruptionFrame, TTSStoppedFrame
from pipecat.frames.protobufs import frames_pb2
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.serializers.protobuf import ProtobufFrameSerializer
from pipecat.transports.websocket.server import (
    SingleClientWebsocketServerParams,
    SingleClientWebsocketServerTransport,
)
from pipecat.workers.runner import WorkerRunner
from tests.clients.agents.inside.pipecat_agent import audio
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from facewire_agents.pipecat import FaceOptions, FaceProcessor

RATE = 16_000
Pcm = NDArray[np.int16]


def unused_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def listen(port: int, came: list[tuple[str, Any]]) -> None:
    """Take what the transport sends, as a client of Pipecat does, until it closes."""
    async with asyncio.timeout(30):
        while True:
            try:
                connection = await connect(f"ws://127.0.0.1:{port}")
                break
            except OSError:
                await asyncio.sleep(0.05)
        try:
            async for data in connection:
                frame = frames_pb2.Frame.FromString(data)
                if frame.WhichOneof("frame") == "audio":
                    came.append(("audio", np.frombuffer(frame.audio.audio, np.int16)))
                elif frame.WhichOneof("frame") == "message":
                    came.append(("message", json.loads(frame.message.data)))
        except ConnectionClosed:
            pass


def test_each_face_comes_just_before_its_sound(speech: Pcm) -> None:
    came: list[tuple[str, Any]] = []

    async def main() -> None:
        port = unused_port()
        params = SingleClientWebsocketServerParams(
            audio_out_enabled=True, audio_out_end_silence_secs=0,
            serializer=ProtobufFrameSerializer(),
        )  # fmt: skip
        transport = SingleClientWebsocketServerTransport(params, host="127.0.0.1", port=port)
        face = FaceProcessor(FaceOptions(idle=False))
        worker = PipelineWorker(
            Pipeline([transport.input(), face, transport.output()]),
            params=PipelineParams(audio_out_sample_rate=24_000),
            enable_rtvi=False,
            cancel_on_idle_timeout=False,
        )
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        running = asyncio.create_task(runner.run())
        client = asyncio.create_task(listen(port, came))
        await asyncio.sleep(1)
        for first in range(0, 2 * RATE, RATE // 10):
            await worker.queue_frame(audio(speech[first : first + RATE // 10], RATE, "one"))
        await worker.queue_frame(TTSStoppedFrame(context_id="one"))
        await asyncio.sleep(3)
        for first in range(0, 2 * RATE, RATE // 10):
            await worker.queue_frame(audio(speech[first : first + RATE // 10], RATE, "two"))
        await asyncio.sleep(0.7)
        await worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(0.5)
        await worker.queue_frame(EndFrame())
        await running
        await client

    asyncio.run(main())
    messages = [one["data"] for kind, one in came if kind == "message"]
    assert {one["label"] for kind, one in came if kind == "message"} == {"rtvi-ai"}
    rests = [one["reason"] for one in messages if one["type"] == "rest"]
    assert rests == ["end", "interrupted"]
    end = next(i for i, (_, one) in enumerate(came) if _ == "message" and "reason" in one["data"])
    sounded, times = 0, []
    for kind, one in came[:end]:
        if kind == "audio":
            sounded += len(one)
        elif one["data"]["type"] == "faces":
            times += [1000 * sounded / 24_000 + at for at in one["data"]["at_ms"]]
    assert len(times) == 120
    assert np.abs(np.array(times) - 1000 * np.arange(120) / 60).max() < 0.2
    # Of the speech that was interrupted, a part was sent, and nothing after that was told.
    after = [one for one in messages if one["type"] == "faces"]
    told = sum(len(one["at_ms"]) for one in after) - 120
    assert 0 < told < 120
    assert messages[-1]["type"] == "rest"
