"""Runs `facewire live --delay-audio`, and observes its faces and what its output plays."""

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import correlate, resample_poly
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from facewire.clock import MICROSECOND, SECOND
from facewire.wire.binary import AUDIO_KIND, decode_audio, decode_frame

RATE = 16_000
WINDOW = SECOND // 4
FACEWIRE = (sys.executable, "-m", "facewire")


@dataclass(slots=True)
class Observation:
    """What viewers of one stream get, and what the output plays meanwhile."""

    process: asyncio.subprocess.Process
    lookahead: int = 0
    """In samples, as the stream was begun."""
    faces: list[tuple[int, int]] = field(default_factory=list)
    """Of each face: the sample that it belongs to, and when it was sent, in ns."""
    stream: list[NDArray[np.float32]] = field(default_factory=list)
    """The stream's own sound, from sample `stream_start` on."""
    stream_start: int = -1
    said: list[str] = field(default_factory=list)
    """The lines of standard error."""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def heard(self) -> int:
        """How many samples of the stream there were."""
        return sum(map(len, self.stream))

    @property
    def text(self) -> str:
        """All that was said, on one line."""
        return " ".join(" ".join(self.said).split())

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to become true; the test's time limit is the only limit."""
        while not condition():
            self.news.clear()
            await self.news.wait()

    async def hear_more(self, seconds: float) -> None:
        """Wait until the stream is so much longer."""
        target = self.heard + round(seconds * RATE)
        await self.until(lambda: self.heard >= target)

    async def has_said(self, words: str) -> None:
        """Wait for these words, however the terminal breaks its lines."""
        await self.until(lambda: words in self.text)

    async def watch(self, viewer: ClientConnection) -> None:
        """Note what a viewer gets."""
        with contextlib.suppress(ConnectionClosed):
            async for message in viewer:
                self.news.set()
                if isinstance(message, str):
                    continue
                if message[0] == AUDIO_KIND:
                    sound = decode_audio(message)
                    if self.stream_start < 0:
                        self.stream_start = sound.start
                    pcm = np.frombuffer(sound.pcm, "<i2").astype(np.float32)
                    self.stream.append(pcm / np.float32(32_768))
                else:
                    face = decode_frame(message)
                    stages = sum(astuple(face.stages)) * MICROSECOND
                    self.faces.append((face.timestamp, face.captured_ns + stages))

    async def listen(self) -> None:
        """Note what the program says."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.said.append(line.decode())
            self.news.set()


@contextlib.asynccontextmanager
async def live(*words: str, folder: Path, env: dict[str, str]) -> AsyncGenerator[Observation, None]:
    """Run `facewire live` with these words, and watch it until the body is left."""
    process = await asyncio.create_subprocess_exec(
        *FACEWIRE, "live", *words, "--port", "0", "--no-idle", "--open-sound",
        cwd=folder, env=env, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    observed = Observation(process)
    assert process.stderr is not None
    try:
        where = ""
        while "http://" not in where:
            where = (await process.stderr.readline()).decode()
            assert where, "it ended"
        address = where.split("http://")[1].split("/")[0]
        async with connect(f"ws://{address}/face?audio=1") as viewer:
            hello: Any = json.loads(await viewer.recv())
            observed.lookahead = hello["lookahead"]
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(observed.listen(), name="listen")
                tasks.create_task(observed.watch(viewer), name="watch")
                yield observed
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGINT)
                await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


class Recorder:
    """Records a source of PulseAudio, and when each of its samples was recorded."""

    def __init__(self, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._source = source
        self._monkeypatch = monkeypatch
        self._blocks: list[tuple[int, NDArray[np.float32]]] = []
        self._stream: Any = None

    def __enter__(self) -> "Recorder":
        import sounddevice

        self._monkeypatch.setenv("PULSE_SOURCE", self._source)
        self._stream = sounddevice.InputStream(
            samplerate=48_000, blocksize=480, channels=1, dtype="float32", device="pulse",
            callback=self._take,
        )  # fmt: skip
        self._stream.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.abort(ignore_errors=True)
        self._stream.close(ignore_errors=True)

    def _take(self, block: NDArray[np.float32], _count: int, times: Any, _status: Any) -> None:
        ago_s = self._stream.time - times.inputBufferAdcTime
        self._blocks.append((time.monotonic_ns() - round(ago_s * SECOND), block[:, 0].copy()))

    @property
    def now(self) -> int:
        """The time in ns, on the clock of `between`."""
        return time.monotonic_ns()

    def between(self, begin: int, end: int) -> tuple[NDArray[np.float32], int]:
        """Return what was recorded between two times in ns, at 16 kHz, and when its first was."""
        blocks = [(at, block) for at, block in list(self._blocks) if begin <= at <= end]
        sound = np.concatenate([block for _, block in blocks])
        counted = np.arange(len(blocks)) * 480 * SECOND // 48_000
        first = int(np.median([at for at, _ in blocks] - counted))
        return resample_poly(sound, 1, 3).astype(np.float32), first


@dataclass(slots=True)
class Heard:
    """What was observed of a stream, and recorded of the output meanwhile."""

    observed: Observation | None
    recorder: Recorder

    def sound_after_face_ms(self, seconds: float) -> list[float]:
        """Return by how much the sound is later than its face, for each quarter second of the last.

        What the output played is looked for in the stream's own sound, where its samples have
        numbers: so it is known when a sample was heard, and with that sample's face it is known
        when that was sent. Both are held against the samples' numbers, faces as the median around
        that moment.
        Silence, and what is broken because the machine is busy with other things, is left out.
        """
        observed, recorder = self.observed, self.recorder
        assert observed is not None
        stream = np.concatenate(observed.stream)
        faces = np.array(observed.faces, np.float64)
        late = faces[:, 1] - faces[:, 0] * SECOND / RATE
        end = observed.faces[-1][1]
        found: list[float] = []
        for place in range(round(seconds * 4)):
            begin = end - (place + 2) * WINDOW
            played, first = recorder.between(begin, begin + WINDOW)
            if len(played) < WINDOW * RATE // SECOND // 2 or np.abs(played).max() < 0.05:
                continue
            around = np.abs(faces[:, 1] - begin) < SECOND
            offset = float(np.median(late[around]))
            near = round((first - offset) * RATE / SECOND) - observed.stream_start - RATE // 2
            near = max(near, 0)
            part = stream[near : near + RATE + len(played)]
            if len(part) < len(played):
                continue
            there = np.convolve(part**2, np.ones(len(played)), "valid")
            fits = correlate(part, played, "valid", "fft")
            fits /= np.sqrt(np.maximum(there * np.sum(played**2), 1e-6))
            best = int(np.argmax(fits))
            if fits[best] > 0.9:
                sample = observed.stream_start + near + best
                found.append((first - sample * SECOND / RATE - offset) / 1e6)
        return found
