"""Sources, sinks and listeners that work, or fail in one way each."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator

import numpy as np

from facewire.clock import ManualClock, SystemClock
from facewire.errors import ConfigError
from facewire.face import make_face
from facewire.frames import AudioChunk, BlendshapeFrame, Samples, StreamSpec
from facewire.stream.engine import EngineSession
from facewire.stream.outputs import deliver_stream
from facewire.stream.pipeline import inferring
from facewire.stream.report import StreamReport
from facewire_engines.energy.engine import EnergyEngine

RATE = 16_000


class Recorder:
    """Keeps every frame, as a recorder does; may take its time at a gate."""

    lossless = True

    def __init__(self, gate: asyncio.Event | None = None) -> None:
        self.frames: list[BlendshapeFrame] = []
        self.events: list[str] = []
        self.opened_with: tuple[StreamSpec, str] | None = None
        self.gate = gate

    async def open(self, spec: StreamSpec, engine: str) -> None:
        self.opened_with = (spec, engine)
        self.events.append("open")

    async def send(self, frame: BlendshapeFrame) -> None:
        self.frames.append(frame)
        if self.gate:
            await self.gate.wait()

    async def aclose(self) -> None:
        self.events.append("close")

    @property
    def indices(self) -> list[int]:
        return [frame.index for frame in self.frames]


class Viewer(Recorder):
    """Wants the newest frames."""

    lossless = False


class Stuck(Viewer):
    """Takes one frame and never comes back."""

    async def send(self, frame: BlendshapeFrame) -> None:
        self.frames.append(frame)
        await asyncio.Event().wait()


class Broken(Viewer):
    """Fails at its fifth frame."""

    async def send(self, frame: BlendshapeFrame) -> None:
        if len(self.frames) == 4:
            raise OSError("No space left on device")
        self.frames.append(frame)


class NeverOpens(Viewer):
    """Has its port in use."""

    async def open(self, spec: StreamSpec, engine: str) -> None:
        raise ConfigError("port 8765 is in use; choose another with --port")


class NeverCloses(Recorder):
    """Hangs when it is let go."""

    async def aclose(self) -> None:
        await asyncio.Event().wait()


class Laboured:
    """A session that takes a known time for every chunk."""

    def __init__(self, session: EngineSession, clock: ManualClock, cost: int) -> None:
        self.spec = session.spec
        self._session = session
        self._clock = clock
        self._cost = cost

    def push(self, chunk: AudioChunk) -> list[BlendshapeFrame]:
        self._clock.advance(self._cost)
        return self._session.push(chunk)

    def flush(self) -> list[BlendshapeFrame]:
        return self._session.flush()

    def close(self) -> None:
        self._session.close()


def made_speech(seconds: float) -> Samples:
    """Return noise that swells and fades twice a second."""
    count = round(seconds * RATE)
    swell = np.sin(2 * np.pi * np.arange(count) / RATE) ** 2
    noise = np.random.default_rng(0).normal(0, 0.2, count)
    return (swell * noise).astype(np.float32)


def chunks_of(samples: Samples, size: int = 160, captured: int = 0) -> Iterator[AudioChunk]:
    for start in range(0, len(samples), size):
        yield AudioChunk(samples[start : start + size], start, RATE, captured)


async def source_of(samples: Samples, size: int = 160) -> AsyncGenerator[AudioChunk, None]:
    for chunk in chunks_of(samples, size):
        yield chunk
        await asyncio.sleep(0)


async def endless() -> AsyncGenerator[AudioChunk, None]:
    silence = np.zeros(160, np.float32)
    start = 0
    while True:
        yield AudioChunk(silence, start, RATE)
        start += 160
        await asyncio.sleep(0)


async def run_to(
    source: AsyncIterator[AudioChunk],
    *sinks: Recorder,
    live: bool = False,
    listeners: tuple["Listener", ...] = (),
    report: StreamReport | None = None,
) -> StreamReport:
    session = EnergyEngine().session()
    clock = SystemClock()
    return await deliver_stream(
        inferring(source, session, make_face(session.spec), clock),
        session.spec,
        sinks,
        engine_name="energy",
        clock=clock,
        listeners=listeners,
        live=live,
        report=report,
        patience_s=0.2,
    )


class Listener:
    """Hears the audio."""

    def __init__(self, fails_at: int = -1) -> None:
        self.heard: list[AudioChunk] = []
        self._fails_at = fails_at

    async def send_audio(self, chunk: AudioChunk) -> None:
        if len(self.heard) == self._fails_at:
            raise OSError("the loudspeaker is gone")
        self.heard.append(chunk)


def expected_frames(samples: Samples) -> list[BlendshapeFrame]:
    session = EnergyEngine().session()
    face = make_face(session.spec)
    made = session.push(AudioChunk(samples, 0, RATE)) + session.flush()
    return [face.apply(frame) for frame in made]
