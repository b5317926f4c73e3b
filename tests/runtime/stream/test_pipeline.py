import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator

import numpy as np
import pytest

from facewire.clock import MILLISECOND, SECOND, ManualClock, SystemClock
from facewire.errors import ConfigError
from facewire.face import make_face
from facewire.frames import AudioChunk, BlendshapeFrame, Samples, StreamSpec
from facewire.stream.engine import EngineSession
from facewire.stream.outputs import RECORDER_CAPACITY, deliver_stream
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


def _speech(seconds: float) -> Samples:
    """Return noise that swells and fades twice a second."""
    count = round(seconds * RATE)
    swell = np.sin(2 * np.pi * np.arange(count) / RATE) ** 2
    noise = np.random.default_rng(0).normal(0, 0.2, count)
    return (swell * noise).astype(np.float32)


def _chunks(samples: Samples, size: int = 160, captured: int = 0) -> Iterator[AudioChunk]:
    for start in range(0, len(samples), size):
        yield AudioChunk(samples[start : start + size], start, RATE, captured)


async def _source(samples: Samples, size: int = 160) -> AsyncGenerator[AudioChunk, None]:
    for chunk in _chunks(samples, size):
        yield chunk
        await asyncio.sleep(0)


async def _endless() -> AsyncGenerator[AudioChunk, None]:
    silence = np.zeros(160, np.float32)
    start = 0
    while True:
        yield AudioChunk(silence, start, RATE)
        start += 160
        await asyncio.sleep(0)


async def _run(
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


def _expected(samples: Samples) -> list[BlendshapeFrame]:
    session = EnergyEngine().session()
    face = make_face(session.spec)
    made = session.push(AudioChunk(samples, 0, RATE)) + session.flush()
    return [face.apply(frame) for frame in made]


@pytest.mark.parametrize("live", [False, True])
async def test_every_frame_goes_through_the_face_to_every_sink(live: bool) -> None:
    samples = _speech(2)
    one, other = Recorder(), Recorder()
    report = await _run(_source(samples), one, other, live=live)
    expected = _expected(samples)
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
    samples = _speech(0.5)
    recorder = Recorder()
    await _run(_source(samples, size), recorder)
    for frame, wanted in zip(recorder.frames, _expected(samples), strict=True):
        np.testing.assert_array_equal(frame.weights, wanted.weights)


async def test_a_source_without_audio_is_a_stream_without_frames() -> None:
    recorder = Recorder()
    report = await _run(_source(_speech(0)), recorder)
    assert recorder.events == ["open", "close"]
    assert recorder.frames == []
    assert (report.frames, report.real_time_factor) == (0, 0.0)


async def test_a_burst_does_not_cost_a_fast_viewer_any_frame() -> None:
    viewer = Viewer()
    report = await _run(_source(_speech(3), size=48_000), viewer, live=True)
    assert viewer.indices == list(range(180))
    assert report.dropped == {"Viewer": 0}


async def test_a_stuck_viewer_of_a_live_stream_delays_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stuck, recorder = Stuck(), Recorder()
    report = await _run(_source(_speech(2)), stuck, recorder, live=True)
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
        report = await _run(_source(_speech(2)), stuck, recorder)
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
    report = await _run(_source(_speech(2), size=32_000), slow)
    assert slow.indices == list(range(120))
    assert report.dropped == {"Slow": 0}


@pytest.mark.parametrize("live", [False, True])
async def test_a_broken_sink_is_told_once_closed_and_left_out(
    live: bool, caplog: pytest.LogCaptureFixture
) -> None:
    broken, recorder = Broken(), Recorder()
    report = await _run(_source(_speech(2)), broken, recorder, live=live)
    assert recorder.indices == list(range(120))
    assert broken.indices == [0, 1, 2, 3]
    assert broken.events[:2] == ["open", "close"]
    assert report.failures == {"Broken": "No space left on device"}
    assert [record.message for record in caplog.records] == [
        "Broken is left out from here on: No space left on device"
    ]


async def test_a_stream_ends_when_no_sink_is_left() -> None:
    async with asyncio.timeout(20):
        report = await _run(_endless(), Broken(), Broken(), live=True)
    assert set(report.failures) == {"Broken", "Broken 2"}


async def test_a_sink_that_cannot_open_stops_everything_before_it_starts() -> None:
    first, last = Recorder(), Recorder()
    source = _source(_speech(1))
    with pytest.raises(ConfigError, match="port 8765 is in use"):
        await _run(source, first, NeverOpens(), last)
    assert first.events == ["open", "close"]
    assert last.events == []
    assert (await anext(source)).start == 0
    await source.aclose()


@pytest.mark.parametrize("live", [False, True])
async def test_a_source_that_fails_ends_the_stream_in_order(live: bool) -> None:
    async def unplugged() -> AsyncGenerator[AudioChunk, None]:
        for chunk in _chunks(_speech(1)):
            yield chunk
        raise ConfigError("the microphone is gone; plug it in again")

    recorder = Recorder()
    report = StreamReport()
    with pytest.raises(ConfigError, match="the microphone is gone"):
        await _run(unplugged(), recorder, live=live, report=report)
    assert recorder.indices == list(range(60))
    assert recorder.events == ["open", "close"]
    assert report.frames == 60


async def test_a_session_that_fails_ends_the_stream_with_its_error() -> None:
    async def gap() -> AsyncGenerator[AudioChunk, None]:
        yield AudioChunk(np.zeros(16_000, np.float32), 0, RATE)
        yield AudioChunk(np.zeros(160, np.float32), 20_000, RATE)

    recorder = Recorder()
    with pytest.raises(ValueError, match="expected sample 16000"):
        await _run(gap(), recorder)
    assert recorder.frames
    assert recorder.events == ["open", "close"]


async def test_cancelling_keeps_what_was_queued_for_a_recorder() -> None:
    gate, all_made = asyncio.Event(), asyncio.Event()

    async def interrupted() -> AsyncGenerator[AudioChunk, None]:
        yield AudioChunk(_speech(2), 0, RATE)
        all_made.set()
        try:
            await asyncio.Event().wait()
        finally:
            gate.set()

    recorder, stuck = Recorder(gate), Stuck()
    report = StreamReport()
    source = interrupted()
    stream = asyncio.create_task(_run(source, recorder, stuck, live=True, report=report))
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


async def test_a_sink_that_never_closes_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    hanging, recorder = NeverCloses(), Recorder()
    async with asyncio.timeout(20):
        await _run(_source(_speech(0.1)), hanging, recorder)
    assert recorder.events == ["open", "close"]
    assert [record.message for record in caplog.records] == [
        "NeverCloses did not close: TimeoutError"
    ]


async def test_a_sink_that_fails_to_close_is_told(caplog: pytest.LogCaptureFixture) -> None:
    class ClosesBadly(Recorder):
        async def aclose(self) -> None:
            raise OSError("disk full")

    recorder = Recorder()
    await _run(_source(_speech(0.1)), ClosesBadly(), recorder)
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
    report = await _run(long(), recorder, live=True)
    assert report.frames == 75 * 60
    assert report.dropped["Recorder"] >= 75 * 60 - RECORDER_CAPACITY - 65
    assert len(recorder.frames) + report.dropped["Recorder"] == report.frames
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.message for record in warnings] == [
        "Recorder is too slow and loses frames; they are counted"
    ]


@pytest.mark.parametrize("live", [False, True])
async def test_listeners_hear_all_of_the_audio(live: bool) -> None:
    samples = _speech(0.5)
    listener, recorder = Listener(), Recorder()
    report = await _run(_source(samples), recorder, live=live, listeners=(listener,))
    np.testing.assert_array_equal(
        np.concatenate([chunk.samples for chunk in listener.heard]), samples
    )
    assert [chunk.start for chunk in listener.heard] == list(range(0, 8000, 160))
    assert report.dropped == {"Recorder": 0, "audio of Listener": 0}


async def test_a_listener_that_fails_does_not_disturb_the_face() -> None:
    recorder = Recorder()
    report = await _run(_source(_speech(1)), recorder, listeners=(Listener(fails_at=3),))
    assert recorder.indices == list(range(60))
    assert report.failures == {"audio of Listener": "the loudspeaker is gone"}


@pytest.mark.parametrize(
    ("cost_ms", "live", "late"), [(10, True, False), (20, True, True), (20, False, False)]
)
async def test_late_frames_and_work_are_counted(cost_ms: int, live: bool, late: bool) -> None:
    clock = ManualClock(now=1)
    session = EnergyEngine().session(clock=clock)

    async def microphone() -> AsyncGenerator[AudioChunk, None]:
        for chunk in _chunks(np.zeros(16_000, np.float32), size=1600):
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
    await _run(_source(_speech(0.2)), Recorder(), Stuck(), Broken(), live=True)
    assert asyncio.all_tasks() == {asyncio.current_task()}
