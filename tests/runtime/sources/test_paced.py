import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from facewire.clock import MILLISECOND, SECOND, ManualClock, SystemClock
from facewire.frames import AudioChunk, Samples
from facewire.sources.paced import Paced
from facewire.sources.sound_file import SoundFile


def chunks_of(samples: Samples, size: int, sample_rate: int = 16_000) -> list[AudioChunk]:
    starts = range(0, len(samples), size)
    return [AudioChunk(samples[start : start + size], start, sample_rate) for start in starts]


async def settle() -> None:
    """Let tasks, and the threads that read for them, do all they can at this time."""
    for _ in range(20):
        await asyncio.sleep(0.001)


async def test_a_chunk_appears_when_its_last_sample_is_due() -> None:
    clock = ManualClock(5 * SECOND)
    seen: list[AudioChunk] = []

    async def listen(source: Paced) -> None:
        async for chunk in source:
            seen.append(chunk)  # noqa: PERF401 (a comprehension would show nothing before the end)

    async with (
        Paced(chunks_of(np.zeros(330, np.float32), 160), clock) as source,
        asyncio.TaskGroup() as tasks,
    ):
        listening = tasks.create_task(listen(source), name="listen")
        await settle()
        for elapsed_ms, count in ((9, 0), (10, 1), (19, 1), (20, 2), (21, 3)):
            clock.advance(5 * SECOND + elapsed_ms * MILLISECOND - clock.now())
            await settle()
            assert len(seen) == count, f"after {elapsed_ms} ms"
        await listening
    assert [chunk.captured - 5 * SECOND for chunk in seen] == [
        10 * MILLISECOND,
        20 * MILLISECOND,
        20 * MILLISECOND + 10 * SECOND // 16_000,
    ]


async def test_a_reader_that_was_late_catches_up() -> None:
    clock = ManualClock()
    async with Paced(chunks_of(np.zeros(16_000, np.float32), 160), clock) as source:
        # Whoever opens a source before he listens has missed nothing.
        clock.advance(7 * SECOND)
        chunks = aiter(source)
        first = asyncio.ensure_future(anext(chunks))
        await settle()
        clock.advance(500 * MILLISECOND)
        caught_up = [await first, *[await anext(chunks) for _ in range(49)]]
        assert caught_up[-1].captured == clock.now()
        clock.advance(10 * MILLISECOND)
        assert (await anext(chunks)).captured == 7 * SECOND + 510 * MILLISECOND


async def test_a_rate_that_does_not_divide_a_second_does_not_drift() -> None:
    clock = ManualClock()
    last = AudioChunk(np.zeros(7, np.float32), 44_100 * 3_600 - 7, 44_100)
    async with Paced([last], clock) as source:
        heard = asyncio.ensure_future(anext(aiter(source)))
        await settle()
        clock.advance(3_600 * SECOND)
        assert (await heard).captured == 3_600 * SECOND


async def test_a_file_in_real_time_is_the_file(speech_like: Samples, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", speech_like[:8_000], 16_000, "FLOAT")
    clock = SystemClock()
    began = clock.now()
    async with Paced(SoundFile(tmp_path / "a.wav"), clock) as source:
        chunks = [chunk async for chunk in source]
    np.testing.assert_array_equal(np.concatenate([c.samples for c in chunks]), speech_like[:8_000])
    assert clock.now() - began >= SECOND // 2


async def test_a_file_that_is_left_early_is_closed(speech_like: Samples, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.tile(speech_like, 20), 16_000)
    blocks = iter(SoundFile(tmp_path / "a.wav"))
    async with Paced(blocks, SystemClock()) as source:
        assert (await anext(aiter(source))).start == 0
    with pytest.raises(StopIteration):
        next(blocks)


async def test_what_the_recording_raises_reaches_the_reader() -> None:
    def on_a_broken_disk() -> Iterator[AudioChunk]:
        yield AudioChunk(np.zeros(160, np.float32), 0, 16_000)
        raise OSError("the disk is gone")

    async with Paced(on_a_broken_disk(), ManualClock()) as source:
        with pytest.raises(OSError, match="the disk is gone"):
            await anext(aiter(source))


async def test_it_has_to_be_entered() -> None:
    with pytest.raises(ValueError, match="async with"):
        aiter(Paced([], ManualClock()))
