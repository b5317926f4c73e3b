"""A real pipeline of Pipecat in virtual time: what its output played, and what its face showed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InterruptionFrame,
    OutputAudioRawFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner
from tests.clients.agents.inside.played_sound import heard_until, offsets_ms
from tests.clients.agents.inside.virtual_time import CountedThreads, LoopClock, loop

from facewire.clock import SECOND, Clock, SystemClock
from facewire.frames import BlendshapeFrame
from facewire_agents.faces import Heard
from facewire_agents.pipecat import FaceOptions, FaceProcessor, PageTransport

Pcm = np.ndarray[Any, np.dtype[np.int16]]


@dataclass(frozen=True)
class Played:
    """A piece of sound, and when the output began to play it."""

    when: int
    pcm: bytes
    sample_rate: int
    channels: int

    @property
    def samples(self) -> int:
        return len(self.pcm) // (2 * self.channels)

    @property
    def end(self) -> int:
        return self.when + self.samples * SECOND // self.sample_rate


class RecordingTransport(PageTransport):
    """Plays by the clock, and remembers what and when."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.played: list[Played] = []
        self.messages: list[tuple[int, Any]] = []

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        when = max(self._free, self._clock.now())
        self.played.append(Played(when, frame.audio, frame.sample_rate, frame.num_channels))
        return bool(await super().write_audio_frame(frame))

    async def send_message(self, frame: Any) -> None:
        self.messages.append((self._clock.now(), frame.message))


class Upstream(FrameProcessor):
    """Stands where a TTS does, and remembers what comes back."""

    def __init__(self) -> None:
        super().__init__()
        self.came: list[Frame] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if direction is FrameDirection.UPSTREAM:
            self.came.append(frame)
        await self.push_frame(frame, direction)


@dataclass
class Agent:
    """A pipeline that runs."""

    worker: PipelineWorker
    face: FaceProcessor
    output: RecordingTransport
    upstream: Upstream
    clock: Clock
    shown: list[tuple[int, BlendshapeFrame]] = field(default_factory=list)
    interrupted: list[Heard] = field(default_factory=list)
    _contexts: Any = field(default_factory=lambda: count(1))

    async def send(self, frame: Frame) -> None:
        await self.worker.queue_frame(frame)

    async def say(
        self,
        pcm: Pcm,
        sample_rate: int,
        *,
        context: str = "",
        stop: bool = True,
        piece_s: float = 0.1,
    ) -> str:
        """Send speech as a TTS does, all at once; return its context."""
        context = context or f"context {next(self._contexts)}"
        await self.send(TTSStartedFrame(context_id=context))
        step = max(1, int(sample_rate * piece_s))
        for first in range(0, len(pcm), step):
            await self.send(audio(pcm[first : first + step], sample_rate, context))
        if stop:
            await self.send(TTSStoppedFrame(context_id=context))
        return context

    async def interrupt(self) -> None:
        await self.send(InterruptionFrame())

    def clear(self) -> None:
        """Forget what was, but for the face at rest."""
        del self.shown[1:]
        self.output.played.clear()
        self.interrupted.clear()

    def heard_until(self, now: int) -> int:
        """Return how many samples the output has played."""
        return heard_until(self.output.played, now)

    def offsets_ms(self, turn: int, piece: int = 0) -> list[float]:
        """Return how late after its sound each face of a turn was shown.

        The first sound of the turn was that of a played piece, and it has no breaks.
        """
        return offsets_ms(self.turn(turn), self.output.played[piece:])

    def turn(self, number: int) -> list[tuple[int, BlendshapeFrame]]:
        return [(when, frame) for when, frame in self.shown if frame.turn == number]

    @property
    def rest(self) -> BlendshapeFrame:
        """The face before anybody spoke."""
        return self.shown[0][1]


def audio(pcm: Pcm, sample_rate: int, context: str) -> TTSAudioRawFrame:
    channels = 1 if pcm.ndim == 1 else pcm.shape[1]
    return TTSAudioRawFrame(
        audio=pcm.tobytes(), sample_rate=sample_rate, num_channels=channels, context_id=context
    )


@asynccontextmanager
async def running(
    rate: int = 16_000,
    channels: int = 1,
    options: FaceOptions | None = None,
    *,
    real: bool = False,
    **more: Any,
) -> AsyncIterator[Agent]:
    """Run a pipeline whose output plays at a rate, in virtual time or in real time."""
    clock = SystemClock() if real else LoopClock(loop())
    if not real:
        more["threads"] = CountedThreads
    face = FaceProcessor(options or FaceOptions(idle=False), clock=clock, **more)
    params = TransportParams(
        audio_out_enabled=True, audio_out_channels=channels, audio_out_end_silence_secs=0
    )
    upstream, output = Upstream(), RecordingTransport(params=params, clock=clock)
    worker = PipelineWorker(
        Pipeline([upstream, face, output]),
        params=PipelineParams(audio_out_sample_rate=rate),
        enable_rtvi=False,
        cancel_on_idle_timeout=False,
    )
    agent = Agent(worker, face, output, upstream, clock)
    face.on_face(lambda frame: agent.shown.append((clock.now(), frame)))
    face.add_event_handler("on_interrupted", lambda _, heard: agent.interrupted.append(heard))
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    task = asyncio.create_task(runner.run())
    await asyncio.sleep(0.5)
    try:
        yield agent
    finally:
        await worker.queue_frame(EndFrame())
        await task
