"""Standard input that stops in the middle of speech: the stream goes on in silence."""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from facewire import arkit
from facewire.audio.format import AudioFormat
from facewire.clock import MILLISECOND, SECOND, ManualClock
from facewire.frames import AudioChunk, Samples
from facewire.sources.pcm import PAUSE_MS, PcmStream

RATE = 16_000
BLOCK_MS = 20
LIVE = (sys.executable, "-m", "facewire", "live", "--input", "-", "--no-page", "--no-idle")

Pipe = tuple[BinaryIO, BinaryIO]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "wb", buffering=0) as writer:
        yield reader, writer


def tone(duration_ms: int, start: int = 0) -> Samples:
    """A vowel that never is zero, from a sample on."""
    time_s = (start + np.arange(RATE * duration_ms // 1000)) / RATE
    made: Samples = (0.4 + 0.1 * np.sin(2 * np.pi * 150 * time_s)).astype(np.float32)
    return made


def pcm(samples: Samples) -> bytes:
    return (samples * 32768).astype("<i2").tobytes()


class Listener:
    """Somebody who writes into a pipe in a time of their own, and what the stream made of it."""

    def __init__(self, writer: BinaryIO, clock: ManualClock) -> None:
        self.chunks: list[AudioChunk] = []
        self._writer = writer
        self._clock = clock

    async def listen(self, source: PcmStream) -> None:
        async for chunk in source:
            self.chunks.append(chunk)

    async def pass_ms(self, duration_ms: int) -> None:
        """Let time pass, in steps that are shorter than anything that waits for it."""
        for _ in range(duration_ms // 5):
            self._clock.advance(5 * MILLISECOND)
            await settle()

    async def write(self, samples: Samples) -> None:
        self._writer.write(pcm(samples))
        await settle()

    async def speak(self, duration_ms: int) -> None:
        """Speak in real time."""
        for _ in range(duration_ms // BLOCK_MS):
            await self.pass_ms(BLOCK_MS)
            await self.write(tone(BLOCK_MS))

    @property
    def samples(self) -> Samples:
        made = [chunk.samples for chunk in self.chunks]
        return np.concatenate(made) if made else np.zeros(0, np.float32)

    @property
    def silent_ms(self) -> float:
        return 1000 * float(np.sum(self.samples == 0)) / RATE


async def settle() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def listening(pipe: Pipe) -> AsyncGenerator[tuple[Listener, PcmStream], None]:
    clock = ManualClock(SECOND)
    listener = Listener(pipe[1], clock)
    async with PcmStream(pipe[0], AudioFormat(), clock) as source, asyncio.TaskGroup() as tasks:
        task = tasks.create_task(listener.listen(source), name="listen")
        await settle()
        yield listener, source
        task.cancel()


async def test_a_pipe_that_stops_is_silent_in_real_time(pipe: Pipe) -> None:
    async with listening(pipe) as (listener, source):
        await listener.speak(400)
        await listener.pass_ms(PAUSE_MS - 10)
        assert listener.silent_ms == 0
        await listener.pass_ms(30)
        assert listener.silent_ms >= PAUSE_MS - BLOCK_MS
        await listener.pass_ms(1_780)
        assert listener.silent_ms == pytest.approx(2_000 - BLOCK_MS, abs=BLOCK_MS)
        assert source.repairs.silence == np.sum(listener.samples == 0)
        assert "silence stand for sound" in source.repairs.summary()
        assert listener.chunks[-1].captured >= SECOND + 2_380 * MILLISECOND


async def test_what_comes_after_a_pause_follows_it(pipe: Pipe) -> None:
    async with listening(pipe) as (listener, _):
        await listener.speak(400)
        await listener.pass_ms(1_000)
        await listener.speak(400)
        loud = np.flatnonzero(listener.samples)
    assert loud[-1] - loud[0] + 1 == pytest.approx(1.8 * RATE, abs=RATE * BLOCK_MS / 1000)
    np.testing.assert_allclose(listener.samples[-320:], tone(BLOCK_MS), atol=1e-4)
    position = 0
    for chunk in listener.chunks:
        assert chunk.start == position
        position = chunk.end


async def test_every_pause_is_noticed_however_many_there_were(pipe: Pipe) -> None:
    async with listening(pipe) as (listener, _):
        for count in range(1, 6):
            await listener.speak(200)
            before = listener.silent_ms
            await listener.pass_ms(PAUSE_MS + 100)
            assert listener.silent_ms - before >= PAUSE_MS, count


async def test_jitter_under_the_limit_is_not_silence(pipe: Pipe) -> None:
    """Gaps of up to 150 ms, after which what was held back comes at once."""
    async with listening(pipe) as (listener, source):
        for blocks in (1, 7, 2, 5, 1, 7, 7, 3, 1, 1, 6):
            await listener.pass_ms(blocks * BLOCK_MS)
            await listener.write(tone(blocks * BLOCK_MS))
        assert listener.silent_ms == 0
        assert source.repairs.summary() == ""


async def test_a_sender_that_is_ahead_may_pause(pipe: Pipe) -> None:
    """Twice, two seconds come at once; the second time they are there before the first are over."""
    async with listening(pipe) as (listener, _):
        await listener.speak(100)
        for _ in range(2):
            await listener.write(tone(2_000))
            await listener.pass_ms(2_100)
        assert listener.silent_ms == 0
        await listener.pass_ms(300)
        assert listener.silent_ms > 0


@pytest.mark.parametrize("clock_percent", [-0.5, 0.5])
async def test_a_sender_with_another_clock_is_not_silent(pipe: Pipe, clock_percent: float) -> None:
    """It ran for a minute; that its pipe stopped is noticed as soon as at first."""
    async with listening(pipe) as (listener, _):
        sent = 0
        for block in range(1, 61 * 4):
            await listener.pass_ms(250)
            now = round(block * RATE / 4 * (1 + clock_percent / 100))
            await listener.write(tone(1_000)[: now - sent])
            sent = now
        assert listener.silent_ms == 0
        await listener.pass_ms(PAUSE_MS + 400)
        assert listener.silent_ms > 0


async def test_what_waited_while_nobody_listened_is_no_head_start(pipe: Pipe) -> None:
    pipe[1].write(pcm(tone(1_900)))
    async with listening(pipe) as (listener, _):
        await listener.pass_ms(500)
        assert listener.silent_ms > 0


async def test_a_pause_of_the_whole_machine_is_repaired_up_to_a_limit(pipe: Pipe) -> None:
    clock = ManualClock(SECOND)
    listener = Listener(pipe[1], clock)
    async with PcmStream(pipe[0], AudioFormat(), clock) as source, asyncio.TaskGroup() as tasks:
        task = tasks.create_task(listener.listen(source), name="listen")
        await listener.speak(100)
        clock.advance(3_600 * SECOND)
        await settle()
        assert listener.silent_ms <= 10_000
        await listener.pass_ms(1_000)
        assert listener.silent_ms == pytest.approx(11_000, abs=2 * BLOCK_MS)
        task.cancel()


async def test_a_file_never_pauses(tmp_path: Path) -> None:
    path = tmp_path / "speech.raw"
    path.write_bytes(pcm(tone(5_000)))
    clock = ManualClock(SECOND)
    with path.open("rb") as file:
        async with PcmStream(file, AudioFormat(), clock) as source:
            chunks = []
            async for chunk in source:
                clock.advance(5 * SECOND)
                chunks.append(chunk)
    assert chunks[-1].end == 5 * RATE


async def test_much_at_once_is_handed_on_in_parts_that_are_due_one_after_the_other(
    pipe: Pipe,
) -> None:
    pipe[1].write(pcm(tone(1_000)))
    pipe[1].close()
    async with PcmStream(pipe[0], AudioFormat(), ManualClock(SECOND)) as source:
        chunks = [chunk async for chunk in source]
    assert len(chunks) == 10
    assert [chunk.due - SECOND for chunk in chunks] == [
        round(chunk.end / RATE * SECOND) for chunk in chunks
    ]


def live(*words: str) -> Sequence[str]:
    return [*LIVE, "--engine", "energy", *words]


def test_the_mouth_rests_while_nothing_comes(tmp_path: Path) -> None:
    """A real pipe, a real process: the frames go on, and the jaw is shut, until sound comes."""
    process = subprocess.Popen(
        live("-o", "npz:face.npz"), cwd=tmp_path,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    vowel = pcm(tone(1_000) - np.float32(0.4))
    process.stdin.write(vowel)
    process.stdin.flush()
    assert process.stderr is not None
    while b"no more sound comes from standard input" not in (line := process.stderr.readline()):
        assert line, "the stream ended"
    time.sleep(1.5)
    process.stdin.write(vowel)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    assert b"silence stand for sound that did not come" in out
    with np.load(tmp_path / "face.npz") as face:
        jaw = face["weights"][:, arkit.INDEX["jawOpen"]]
    assert len(jaw) > 200
    assert jaw[20:60].max() > 0.05
    assert jaw[90:-75].max() < 0.01
    assert jaw[-55:].max() > 0.05


def test_a_recording_that_is_piped_in_at_once_is_not_late(tmp_path: Path) -> None:
    result = subprocess.run(
        live(), input=pcm(tone(20_000)), cwd=tmp_path, capture_output=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
    found = re.search(rb"(\d+) frames of 20.00 s, 0 dropped, (\d+) late", result.stdout)
    assert found, result.stdout
    assert int(found[1]) == 1_200
    assert int(found[2]) < 120


def test_nothing_heard_is_said(tmp_path: Path) -> None:
    result = subprocess.run(
        live(), stdin=subprocess.DEVNULL, cwd=tmp_path, capture_output=True, timeout=60
    )
    assert result.returncode == 2
    assert b"facewire: nothing was heard: standard input ended" in result.stderr
