import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
import soundfile

from facewire.audio.format import AudioFormat, Encoding
from facewire.audio.resample import StreamResampler
from facewire.clock import ManualClock
from facewire.errors import ConfigError
from facewire.frames import AudioChunk, Samples
from facewire.sources.pcm import PcmStream

Pipe = tuple[BinaryIO, BinaryIO]

LISTENER = """
import asyncio, json, sys
from facewire.audio.format import AudioFormat, Encoding
from facewire.clock import SystemClock
from facewire.sources.pcm import PcmStream

async def listen():
    audio_format = AudioFormat(Encoding(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    async with PcmStream(sys.stdin.buffer, audio_format, SystemClock()) as source:
        chunks = [chunk async for chunk in source]
    peak = max(float(abs(chunk.samples).max()) for chunk in chunks)
    print(json.dumps({"samples": chunks[-1].end, "peak": peak}))

asyncio.run(listen())
"""


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "wb", buffering=0) as writer:
        yield reader, writer


async def collect(source: PcmStream) -> Samples:
    chunks = [chunk async for chunk in source]
    position = 0
    for chunk in chunks:
        assert chunk.start == position
        position = chunk.end
    return np.concatenate([np.zeros(0, np.float32), *(chunk.samples for chunk in chunks)])


async def write_in_pieces(writer: BinaryIO, data: bytes, size: int) -> None:
    for start in range(0, len(data), size):
        await asyncio.to_thread(writer.write, data[start : start + size])
    writer.close()


@pytest.mark.parametrize("size", [1, 333, 100_000])
async def test_the_pieces_that_arrive_do_not_matter(
    size: int, pipe: Pipe, speech_like: Samples
) -> None:
    speech = speech_like[: 1_000 if size == 1 else None]
    audio_format = AudioFormat(Encoding.F32LE, 48_000, 2)
    data = np.repeat(speech, 2).astype("<f4").tobytes()
    resampler = StreamResampler(48_000, live=True)
    expected = np.concatenate((resampler.push(speech), resampler.flush()))
    async with (
        PcmStream(pipe[0], audio_format, ManualClock()) as source,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(write_in_pieces(pipe[1], data, size), name="write")
        np.testing.assert_array_equal(await collect(source), expected)


async def test_a_chunk_is_there_as_soon_as_its_bytes_are(pipe: Pipe) -> None:
    clock = ManualClock()
    async with PcmStream(pipe[0], AudioFormat(), clock) as source:
        chunks = aiter(source)
        for expected in (1_000, 2_000):
            clock.advance(1_000)
            pipe[1].write(np.full(80, 16_384, "<i2").tobytes())
            chunk = await anext(chunks)
            assert chunk.captured == expected
            np.testing.assert_array_equal(chunk.samples, np.full(80, 0.5))


async def test_half_a_sample_at_the_end_is_left_out(
    pipe: Pipe, caplog: pytest.LogCaptureFixture
) -> None:
    pipe[1].write(bytes(101))
    pipe[1].close()
    async with PcmStream(pipe[0], AudioFormat(), ManualClock()) as source:
        assert len(await collect(source)) == 50
    (record,) = caplog.records
    assert "middle of a sample" in record.message


async def test_what_is_not_a_number_becomes_silence(
    pipe: Pipe, caplog: pytest.LogCaptureFixture
) -> None:
    pipe[1].write(np.array([0.5, np.nan, 0.5], "<f4").tobytes())
    pipe[1].close()
    async with PcmStream(pipe[0], AudioFormat(Encoding.F32LE), ManualClock()) as source:
        np.testing.assert_array_equal(await collect(source), [0.5, 0, 0.5])
    (record,) = caplog.records
    assert "1 values that are not numbers" in record.message


async def test_an_empty_stream_ends_at_once(pipe: Pipe) -> None:
    pipe[1].close()
    async with PcmStream(pipe[0], AudioFormat(), ManualClock()) as source:
        assert len(await collect(source)) == 0


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg"])
async def test_a_sound_file_is_not_taken_for_pcm(ending: str, pipe: Pipe, tmp_path: Path) -> None:
    soundfile.write(tmp_path / f"a.{ending}", np.zeros(1_000), 16_000)
    pipe[1].write((tmp_path / f"a.{ending}").read_bytes())
    async with PcmStream(pipe[0], AudioFormat(), ManualClock()) as source:
        with pytest.raises(ConfigError, match="file, not raw PCM; give the path"):
            await anext(aiter(source))


async def test_a_terminal_is_not_audio() -> None:
    leader, follower = os.openpty()
    with (
        os.fdopen(leader, "rb"),
        os.fdopen(follower, "rb") as terminal,
        pytest.raises(ConfigError, match="standard input is a terminal"),
    ):
        PcmStream(terminal, AudioFormat(), ManualClock())


async def test_a_reader_that_is_cancelled_loses_nothing_and_leaves_the_pipe_open(
    pipe: Pipe,
) -> None:
    async with PcmStream(pipe[0], AudioFormat(), ManualClock()) as source:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await anext(aiter(source))
    pipe[1].write(bytes(200))
    async with PcmStream(pipe[0], AudioFormat(), ManualClock()) as again:
        first: AudioChunk = await anext(aiter(again))
        assert first.end == 100


async def listen(*arguments: str, stdin: int | BinaryIO, data: bytes | None) -> dict[str, float]:
    listener = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LISTENER, *arguments), stdin=stdin, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await listener.communicate(data)
    assert listener.returncode == 0
    heard: dict[str, float] = json.loads(output)
    return heard


async def test_standard_input_from_a_pipe(speech_like: Samples) -> None:
    data = (speech_like * 32767).astype("<i2").tobytes()
    heard = await listen("s16le", "8000", "1", stdin=asyncio.subprocess.PIPE, data=data)
    assert heard["samples"] == 2 * len(speech_like)
    assert heard["peak"] == pytest.approx(0.5, abs=0.05)


async def test_standard_input_from_a_file(speech_like: Samples, tmp_path: Path) -> None:
    (tmp_path / "speech.raw").write_bytes(np.repeat(speech_like, 2).astype("<f4").tobytes())
    with (tmp_path / "speech.raw").open("rb") as file:
        heard = await listen("f32le", "16000", "2", stdin=file, data=None)
    assert heard["samples"] == len(speech_like)
    assert heard["peak"] == pytest.approx(0.5, abs=0.001)
