"""A text on its way to a listener, in made-up time, so that nothing depends on the machine."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from fractions import Fraction
from typing import Any, ParamSpec, TypeVar

import numpy as np
from tests.runtime.cli.speaking.spelling_voice import RATE, SpellingVoice

from facewire.clock import MILLISECOND, SECOND, Clock, ManualClock
from facewire.frames import AudioChunk, BlendshapeFrame, Samples, StreamSpec
from facewire.speaking.models import SpeechModels
from facewire.speaking.voice import Span
from facewire.stream.outputs import deliver_stream
from facewire.stream.threads import ServerThreads
from facewire_cli.speaking.local_speech import LocalSpeech
from facewire_engines.energy.engine import EnergyEngine

STEP_MS = 5
"""By which time goes on."""

P = ParamSpec("P")
T = TypeVar("T")


class PlainFace:
    """A face that is what the engine says."""

    def hear(self, samples: Samples) -> None:
        """No emotion is wanted of it."""

    def apply(self, frame: BlendshapeFrame) -> BlendshapeFrame:
        return frame


class CountedThreads(ServerThreads):
    """Threads that can tell whether they have something to do."""

    under_way = 0

    async def compute(
        self, due: int | None, work: Callable[P, T], *args: P.args, **kw: P.kwargs
    ) -> T:
        return await self._counted(super().compute(due, work, *args, **kw))

    async def wait(self, work: Callable[P, T], *args: P.args, **kw: P.kwargs) -> T:
        return await self._counted(super().wait(work, *args, **kw))

    async def _counted(self, work: Coroutine[Any, Any, T]) -> T:
        self.under_way += 1
        try:
            return await work
        finally:
            self.under_way -= 1


async def texts(*clauses: str) -> AsyncIterator[str]:
    for clause in clauses:
        yield clause


class Listener:
    """A sink and listener that keeps everything, and when it came."""

    lossless = True

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.frames: list[BlendshapeFrame] = []
        self.came: list[int] = []
        self.chunks: list[AudioChunk] = []
        self.heard: list[int] = []

    async def open(self, spec: StreamSpec, engine: str) -> None:
        pass

    async def send(self, frame: BlendshapeFrame) -> None:
        self.frames.append(frame)
        self.came.append(self._clock.now())

    async def send_audio(self, chunk: AudioChunk) -> None:
        self.chunks.append(chunk)
        self.heard.append(self._clock.now())

    async def aclose(self) -> None:
        pass

    @property
    def samples(self) -> np.ndarray:
        return np.concatenate([chunk.samples for chunk in self.chunks])


class Stream:
    """A text on its way to a listener, in made-up time."""

    def __init__(self, clauses: AsyncIterator[str], *, lead: int | None, voice: Any = None) -> None:
        self.clock = ManualClock(now=5 * SECOND)
        engine = EnergyEngine()
        self.threads = CountedThreads(engine, 1)
        self.words: list[Span] = []
        models = SpeechModels(engine, voice or SpellingVoice(), self.clock, frame_rate=Fraction(60))
        self.spec = models.spec
        self.speech = LocalSpeech(
            models, PlainFace(), self.clock, self.threads,
            lead_s=None if lead is None else lead / RATE, on_words=self.words.extend,
        )  # fmt: skip
        self.listener = Listener(self.clock)
        self.live = lead is not None
        self._clauses = clauses

    async def run(self) -> None:
        try:
            await deliver_stream(
                lambda outputs: self.speech.run(self._clauses, outputs), self.spec,
                [self.listener], engine_name="letters", clock=self.clock,
                listeners=[self.listener], live=self.live,
            )  # fmt: skip
        finally:
            self.threads.close()

    async def advance(self, ms: int) -> None:
        """Let so much time pass, in which threads take none."""
        await self._settle()
        for _ in range(ms // STEP_MS):
            self.clock.advance(STEP_MS * MILLISECOND)
            await self._settle()

    async def _settle(self) -> None:
        quiet = 0
        while quiet < 20:
            await asyncio.sleep(0.001 if self.threads.under_way else 0)
            quiet = 0 if self.threads.under_way else quiet + 1

    def due(self, sample: int) -> int:
        """Return when a sample is to be played: with the first face, 20 ms go by before."""
        return self.listener.came[0] + 20 * MILLISECOND + sample * SECOND // RATE
