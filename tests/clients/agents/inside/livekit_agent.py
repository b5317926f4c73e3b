"""A real chain of LiveKit's audio outputs: what its end played, and what its face showed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT
from numpy.typing import NDArray
from tests.clients.agents.inside.played_sound import heard_until, offsets_ms
from tests.clients.agents.inside.virtual_time import CountedThreads, LoopClock, loop

from facewire.clock import Clock, SystemClock
from facewire.frames import BlendshapeFrame
from facewire_agents.faces import Heard
from facewire_agents.livekit import FaceOptions, FaceOutput, PageOutput

Pcm = NDArray[np.int16]


@dataclass(frozen=True)
class Played:
    """A frame of sound, and when the sink began to play it."""

    when: int
    frame: rtc.AudioFrame

    @property
    def samples(self) -> int:
        return int(self.frame.samples_per_channel)

    @property
    def sample_rate(self) -> int:
        return int(self.frame.sample_rate)


class ClockSink(PageOutput):
    """Plays what it captured, one frame after the other."""

    def __init__(self, clock: Clock, sample_rate: int | None = None) -> None:
        super().__init__(clock=clock, sample_rate=sample_rate)
        self.played: list[Played] = []
        self.finished: list[tuple[float, bool]] = []
        self.on("playback_finished", self._note)

    def begin(self, frame: rtc.AudioFrame, when: int) -> None:
        self.played.append(Played(when, frame))

    def _note(self, event: object) -> None:
        position, interrupted = event.playback_position, event.interrupted  # type: ignore[attr-defined]
        self.finished.append((position, interrupted))


@dataclass
class Chain:
    """A face before a sink."""

    face: FaceOutput
    output: ClockSink
    clock: Clock
    shown: list[tuple[int, BlendshapeFrame]] = field(default_factory=list)
    interrupted: list[Heard] = field(default_factory=list)

    async def say(self, pcm: Pcm, rate: int, *, flush: bool = True, words: Any = ()) -> None:
        """Capture speech as a TTS gives it, all at once."""
        step = rate // 10
        for first in range(0, len(pcm), step):
            frame = sound(pcm[first : first + step], rate)
            if not first:
                frame.userdata[USERDATA_TIMED_TRANSCRIPT] = list(words)
            await self.face.capture_frame(frame)
        if flush:
            self.face.flush()

    async def interrupt(self) -> None:
        self.face.clear_buffer()

    def clear(self) -> None:
        """Forget what was, but for the face at rest."""
        del self.shown[1:]
        self.output.played.clear()
        self.interrupted.clear()

    def heard_until(self, now: int) -> int:
        """Return how many samples the sink has played."""
        return heard_until(self.output.played, now)

    def turn(self, number: int) -> list[tuple[int, BlendshapeFrame]]:
        return [(when, frame) for when, frame in self.shown if frame.turn == number]

    def offsets_ms(self, turn: int, first: int = 0) -> list[float]:
        """Return how late after its sound each face of a turn was shown; it has no breaks."""
        return offsets_ms(self.turn(turn), self.output.played[first:])

    @property
    def sounded(self) -> Pcm:
        return np.concatenate(
            [np.frombuffer(one.frame.data, np.int16) for one in self.output.played]
        )

    @property
    def rest(self) -> BlendshapeFrame:
        return self.shown[0][1]


def sound(pcm: Pcm, rate: int) -> rtc.AudioFrame:
    channels = 1 if pcm.ndim == 1 else pcm.shape[1]
    return rtc.AudioFrame(pcm.tobytes(), rate, channels, len(pcm))


@asynccontextmanager
async def running(
    options: FaceOptions | None = None,
    *,
    real: bool = False,
    sink: type[ClockSink] = ClockSink,
) -> AsyncIterator[Chain]:
    """Run a face before a sink, in virtual time or in real time."""
    clock = SystemClock() if real else LoopClock(loop())
    output = sink(clock)
    threads: Any = {} if real else {"threads": CountedThreads}
    face = FaceOutput(output, options or FaceOptions(idle=False), clock=clock, **threads)
    chain = Chain(face, output, clock)
    face.on_face(lambda frame: chain.shown.append((clock.now(), frame)))
    face.on("face_interrupted", chain.interrupted.append)
    await face.start()
    await asyncio.sleep(0.5)
    try:
        yield chain
    finally:
        await face.aclose()
        await output.aclose()
