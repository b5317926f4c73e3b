"""From a source to faces: every frame, in order, whatever fails on the way."""

import asyncio
from collections.abc import AsyncGenerator

import numpy as np
import pytest
from tests.runtime.stream.stream_ends import (
    RATE,
    Broken,
    Laboured,
    Recorder,
    Stuck,
    chunks_of,
    expected_frames,
    made_speech,
    run_to,
    source_of,
)

from facewire.clock import MILLISECOND, SECOND, ManualClock
from facewire.errors import ConfigError
from facewire.face import make_face
from facewire.frames import AudioChunk
from facewire.stream.outputs import deliver_stream
from facewire.stream.pipeline import inferring
from facewire.stream.report import StreamReport
from facewire_engines.energy.engine import EnergyEngine


@pytest.mark.parametrize("live", [False, True])
async def test_every_frame_goes_through_the_face_to_every_sink(live: bool) -> None:
    samples = made_speech(2)
    one, other = Recorder(), Recorder()
    report = await run_to(source_of(samples), one, other, live=live)
    expected = expected_frames(samples)
    assert one.indices == other.indices == list(range(120)) == [f.index for f in expected]
    for frame, wanted in zip(one.frames, expected, strict=True):
        np.testing.assert_array_equal(frame.weights, wanted.weights)
        assert (frame.timestamp, frame.head) == (wanted.timestamp, wanted.head)
        assert frame.stamps.faced > 0
    assert one.opened_with == (report.spec, "energy")
    assert one.events == other.events == ["open", "close"]
    assert (report.frames, report.samples, report.audio_s) == (120, 32_000, 2.0)
    assert report.dropped == {"Recorder": 0, "Recorder 2": 0}
    assert report.failures == {}


@pytest.mark.parametrize("size", [7, 160, 1000, 40_000])
async def test_chunking_does_not_change_the_face(size: int) -> None:
    samples = made_speech(0.5)
    recorder = Recorder()
    await run_to(source_of(samples, size), recorder)
    for frame, wanted in zip(recorder.frames, expected_frames(samples), strict=True):
        np.testing.assert_array_equal(frame.weights, wanted.weights)


async def test_a_source_without_audio_is_a_stream_without_frames() -> None:
    recorder = Recorder()
    report = await run_to(source_of(made_speech(0)), recorder)
    assert recorder.events == ["open", "close"]
    assert recorder.frames == []
    assert (report.frames, report.real_time_factor) == (0, 0.0)


@pytest.mark.parametrize("live", [False, True])
async def test_a_source_that_fails_ends_the_stream_in_order(live: bool) -> None:
    async def unplugged() -> AsyncGenerator[AudioChunk, None]:
        for chunk in chunks_of(made_speech(1)):
            yield chunk
        raise ConfigError("the microphone is gone; plug it in again")

    recorder = Recorder()
    report = StreamReport()
    with pytest.raises(ConfigError, match="the microphone is gone"):
        await run_to(unplugged(), recorder, live=live, report=report)
    assert recorder.indices == list(range(60))
    assert recorder.events == ["open", "close"]
    assert report.frames == 60


async def test_a_session_that_fails_ends_the_stream_with_its_error() -> None:
    async def gap() -> AsyncGenerator[AudioChunk, None]:
        yield AudioChunk(np.zeros(16_000, np.float32), 0, RATE)
        yield AudioChunk(np.zeros(160, np.float32), 20_000, RATE)

    recorder = Recorder()
    with pytest.raises(ValueError, match="expected sample 16000"):
        await run_to(gap(), recorder)
    assert recorder.frames
    assert recorder.events == ["open", "close"]


@pytest.mark.parametrize(
    ("cost_ms", "live", "late"), [(10, True, False), (20, True, True), (20, False, False)]
)
async def test_late_frames_and_work_are_counted(cost_ms: int, live: bool, late: bool) -> None:
    clock = ManualClock(now=1)
    session = EnergyEngine().session(clock=clock)

    async def microphone() -> AsyncGenerator[AudioChunk, None]:
        for chunk in chunks_of(np.zeros(16_000, np.float32), size=1600):
            clock.advance(100 * MILLISECOND)
            yield AudioChunk(chunk.samples, chunk.start, RATE, captured=clock.now())

    laboured = Laboured(session, clock, cost_ms * MILLISECOND)
    report = await deliver_stream(
        inferring(microphone(), laboured, make_face(session.spec), clock),
        session.spec,
        [Recorder()],
        engine_name="energy",
        clock=clock,
        live=live,
    )
    assert report.frames == 60
    assert (report.late >= 50) if late else (report.late == 0)
    assert report.busy_ns == 10 * cost_ms * MILLISECOND
    assert report.real_time_factor == pytest.approx(10 * cost_ms / 1000)
    assert report.wall_ns == 1 * SECOND + 10 * cost_ms * MILLISECOND
    queue = report.latencies.percentiles()["queue"]
    assert queue.max_ms == cost_ms


async def test_no_task_is_left_behind() -> None:
    await run_to(source_of(made_speech(0.2)), Recorder(), Stuck(), Broken(), live=True)
    assert asyncio.all_tasks() == {asyncio.current_task()}
