"""Sinks and listeners that are slow, stuck or broken, and what the others get."""

import asyncio
import logging
from collections.abc import AsyncGenerator

import numpy as np
import pytest
from tests.runtime.stream.stream_ends import (
    RATE,
    Broken,
    Listener,
    NeverCloses,
    NeverOpens,
    Recorder,
    Stuck,
    Viewer,
    endless,
    made_speech,
    run_to,
    source_of,
)

from facewire.errors import ConfigError
from facewire.frames import AudioChunk, BlendshapeFrame
from facewire.stream.outputs import RECORDER_CAPACITY
from facewire.stream.report import StreamReport


async def test_a_burst_does_not_cost_a_fast_viewer_any_frame() -> None:
    viewer = Viewer()
    report = await run_to(source_of(made_speech(3), size=48_000), viewer, live=True)
    assert viewer.indices == list(range(180))
    assert report.dropped == {"Viewer": 0}


async def test_a_stuck_viewer_of_a_live_stream_delays_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stuck, recorder = Stuck(), Recorder()
    report = await run_to(source_of(made_speech(2)), stuck, recorder, live=True)
    assert recorder.indices == list(range(120))
    assert stuck.indices == [0]
    assert report.dropped == {"Stuck": 111, "Recorder": 0}
    assert report.failures == {"Stuck": "took nothing for 0.2 s"}
    assert stuck.events[-1] == recorder.events[-1] == "close"
    assert [record.message for record in caplog.records] == [
        "Stuck is left out from here on: took nothing for 0.2 s"
    ]


async def test_a_stuck_sink_of_a_recording_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    stuck, recorder = Stuck(), Recorder()
    async with asyncio.timeout(20):
        report = await run_to(source_of(made_speech(2)), stuck, recorder)
    assert recorder.indices == list(range(120))
    assert report.failures == {"Stuck": "took nothing for 0.2 s"}
    assert stuck.events[-1] == "close"
    assert len(caplog.records) == 1


async def test_a_slow_sink_of_a_recording_slows_the_stream_and_loses_nothing() -> None:
    class Slow(Viewer):
        async def send(self, frame: BlendshapeFrame) -> None:
            await asyncio.sleep(0.001)
            await super().send(frame)

    slow = Slow()
    report = await run_to(source_of(made_speech(2), size=32_000), slow)
    assert slow.indices == list(range(120))
    assert report.dropped == {"Slow": 0}


@pytest.mark.parametrize("live", [False, True])
async def test_a_broken_sink_is_told_once_closed_and_left_out(
    live: bool, caplog: pytest.LogCaptureFixture
) -> None:
    broken, recorder = Broken(), Recorder()
    report = await run_to(source_of(made_speech(2)), broken, recorder, live=live)
    assert recorder.indices == list(range(120))
    assert broken.indices == [0, 1, 2, 3]
    assert broken.events[:2] == ["open", "close"]
    assert report.failures == {"Broken": "No space left on device"}
    assert [record.message for record in caplog.records] == [
        "Broken is left out from here on: No space left on device"
    ]


async def test_a_stream_ends_when_no_sink_is_left() -> None:
    async with asyncio.timeout(20):
        report = await run_to(endless(), Broken(), Broken(), live=True)
    assert set(report.failures) == {"Broken", "Broken 2"}


async def test_a_sink_that_cannot_open_stops_everything_before_it_starts() -> None:
    first, last = Recorder(), Recorder()
    source = source_of(made_speech(1))
    with pytest.raises(ConfigError, match="port 8765 is in use"):
        await run_to(source, first, NeverOpens(), last)
    assert first.events == ["open", "close"]
    assert last.events == []
    assert (await anext(source)).start == 0
    await source.aclose()


async def test_a_viewer_that_cannot_open_is_told_once_and_left_out_of_a_live_stream(
    caplog: pytest.LogCaptureFixture,
) -> None:
    recorder, never = Recorder(), NeverOpens()
    report = await run_to(source_of(made_speech(1)), recorder, never, live=True)
    assert recorder.indices == list(range(60))
    reason = "port 8765 is in use; choose another with --port"
    assert report.failures == {"NeverOpens": reason}
    assert [record.message for record in caplog.records] == [
        f"NeverOpens is left out from here on: {reason}"
    ]
    assert never.frames == []


async def test_a_live_stream_that_nobody_can_watch_does_not_start() -> None:
    with pytest.raises(ConfigError, match="port 8765 is in use"):
        await run_to(source_of(made_speech(1)), NeverOpens(), NeverOpens(), live=True)


async def test_a_live_recorder_that_cannot_open_stops_everything() -> None:
    class Locked(NeverOpens):
        lossless = True

    viewer = Viewer()
    with pytest.raises(ConfigError, match="port 8765 is in use"):
        await run_to(source_of(made_speech(1)), viewer, Locked(), live=True)
    assert viewer.events == ["open", "close"]


async def test_cancelling_keeps_what_was_queued_for_a_recorder() -> None:
    gate, all_made = asyncio.Event(), asyncio.Event()

    async def interrupted() -> AsyncGenerator[AudioChunk, None]:
        yield AudioChunk(made_speech(2), 0, RATE)
        all_made.set()
        try:
            await asyncio.Event().wait()
        finally:
            gate.set()

    recorder, stuck = Recorder(gate), Stuck()
    report = StreamReport()
    source = interrupted()
    stream = asyncio.create_task(run_to(source, recorder, stuck, live=True, report=report))
    await all_made.wait()
    assert recorder.indices == [0]
    stream.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stream
    await source.aclose()
    assert report.frames > 100
    assert recorder.indices == list(range(report.frames))
    assert recorder.events == ["open", "close"]
    assert stuck.events == ["open", "close"]
    assert report.wall_ns > 0


@pytest.mark.parametrize("times", [1, 2])
async def test_a_file_that_is_being_finished_is_finished_unless_told_twice(times: int) -> None:
    closing, finish = asyncio.Event(), asyncio.Event()

    class Archive(Recorder):
        async def aclose(self) -> None:
            closing.set()
            await finish.wait()
            self.events.append("whole")

    archive = Archive()
    stream = asyncio.create_task(run_to(source_of(made_speech(0.1)), archive))
    await closing.wait()
    for _ in range(times):
        stream.cancel()
        await asyncio.sleep(0.05)
    finish.set()
    with pytest.raises(asyncio.CancelledError):
        await stream
    assert archive.events == (["open", "whole"] if times == 1 else ["open"])


async def test_a_sink_that_never_closes_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    hanging, recorder = NeverCloses(), Recorder()
    async with asyncio.timeout(20):
        await run_to(source_of(made_speech(0.1)), hanging, recorder)
    assert recorder.events == ["open", "close"]
    assert [record.message for record in caplog.records] == [
        "NeverCloses did not close: TimeoutError"
    ]


async def test_a_sink_that_fails_to_close_is_told(caplog: pytest.LogCaptureFixture) -> None:
    class ClosesBadly(Recorder):
        async def aclose(self) -> None:
            raise OSError("disk full")

    recorder = Recorder()
    await run_to(source_of(made_speech(0.1)), ClosesBadly(), recorder)
    assert recorder.events == ["open", "close"]
    assert [record.message for record in caplog.records] == ["ClosesBadly did not close: disk full"]


async def test_a_recorder_that_is_too_slow_is_counted_and_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate = asyncio.Event()

    async def long() -> AsyncGenerator[AudioChunk, None]:
        silence = np.zeros(16_000, np.float32)
        for second in range(75):
            yield AudioChunk(silence, second * 16_000, RATE)
        gate.set()

    recorder = Recorder(gate)
    report = await run_to(long(), recorder, live=True)
    assert report.frames == 75 * 60
    assert report.dropped["Recorder"] >= 75 * 60 - RECORDER_CAPACITY - 65
    assert len(recorder.frames) + report.dropped["Recorder"] == report.frames
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.message for record in warnings] == [
        "Recorder is too slow and loses frames; they are counted"
    ]


@pytest.mark.parametrize("live", [False, True])
async def test_listeners_hear_all_of_the_audio(live: bool) -> None:
    samples = made_speech(0.5)
    listener, recorder = Listener(), Recorder()
    report = await run_to(source_of(samples), recorder, live=live, listeners=(listener,))
    np.testing.assert_array_equal(
        np.concatenate([chunk.samples for chunk in listener.heard]), samples
    )
    assert [chunk.start for chunk in listener.heard] == list(range(0, 8000, 160))
    assert report.dropped == {"Recorder": 0, "audio of Listener": 0}


async def test_a_listener_that_fails_does_not_disturb_the_face() -> None:
    recorder = Recorder()
    report = await run_to(source_of(made_speech(1)), recorder, listeners=(Listener(fails_at=3),))
    assert recorder.indices == list(range(60))
    assert report.failures == {"audio of Listener": "the loudspeaker is gone"}
