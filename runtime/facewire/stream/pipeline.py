"""One stream from source to sinks: one task reads and infers, and each sink has its own."""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from facewire.clock import Clock
from facewire.face import Face
from facewire.frames import AudioChunk, BlendshapeFrame
from facewire.stream.channel import Channel, Overflow
from facewire.stream.engine import EngineSession
from facewire.stream.report import StreamReport
from facewire.stream.sink import AudioListener, Recorder, Sink
from facewire.stream.sink_queue import Outlet

logger = logging.getLogger(__name__)

LIVE_CAPACITY = 8
"""Frames: enough for jitter. A viewer that falls behind further is better off with new ones."""

RECORDER_CAPACITY = 4096
"""Frames: over a minute at 60 a second for a disk to wake up in."""

OFFLINE_CAPACITY = 16

AUDIO_CAPACITY = 256
"""Chunks."""


async def run_stream(
    source: AsyncIterable[AudioChunk],
    session: EngineSession,
    face: Face,
    sinks: Sequence[Sink],
    *,
    engine_name: str,
    clock: Clock,
    listeners: Sequence[AudioListener] = (),
    others: Sequence[Outlet[Any]] = (),
    live: bool,
    report: StreamReport | None = None,
    patience_s: float = 5.0,
) -> StreamReport:
    """Move one stream from its source to its sinks, until it ends or is cancelled.

    A live stream never waits for a sink: what a slow one misses is dropped and counted. Any other
    stream goes as fast as its slowest sink. A sink that raises, or that stands still for
    `patience_s` where the stream has to wait for it, is logged, closed and left out; when none is
    left, the stream ends. All sinks are closed, and recorders get what is queued, whatever happens.

    Args:
        source: consecutive chunks at the session's rate; whoever opened it closes it.
        listeners: hear the audio; recorders among them are open, and are closed like sinks.
        others: outlets that the caller fills while the stream runs, such as word times.
        report: filled as the stream runs, for who wants to watch, or to know after cancellation.

    Returns:
        The report, whose `failures` tell which sinks were left out.

    Raises:
        ConfigError: a sink cannot be opened.
        Exception: whatever the source or the session raised, once the sinks have what was made.
    """
    stream = _Stream(session, face, clock, report or StreamReport(), live, patience_s)
    try:
        for sink in sinks:
            await sink.open(session.spec, engine_name)
            stream.add_sink(sink)
        for listener in listeners:
            stream.add_listener(listener)
        stream.report.outlets.extend(others)
        await stream.run(source)
    finally:
        await stream.aclose()
    if stream.error is not None:
        raise stream.error
    return stream.report


class _Stream:
    """The state of one call of `run_stream`."""

    def __init__(
        self,
        session: EngineSession,
        face: Face,
        clock: Clock,
        report: StreamReport,
        live: bool,
        patience_s: float,
    ) -> None:
        report.spec = session.spec
        self.report = report
        self.error: Exception | None = None
        self._session = session
        self._face = face
        self._clock = clock
        self._began = clock.now()
        self._live = live
        self._patience_s = patience_s
        self._frame_outlets: list[Outlet[BlendshapeFrame]] = []
        self._audio_outlets: list[Outlet[AudioChunk]] = []

    def add_sink(self, sink: Sink) -> None:
        """Give a sink that is open its outlet."""
        outlet = Outlet[BlendshapeFrame](
            self._name(sink),
            sink.send,
            self._channel(RECORDER_CAPACITY if sink.lossless else LIVE_CAPACITY),
            close=sink.aclose,
            lossless=sink.lossless,
            patience_s=self._patience_s,
            recording=sink.recording if isinstance(sink, Recorder) else None,
        )
        self._frame_outlets.append(outlet)
        self.report.outlets.append(outlet)

    def add_listener(self, listener: AudioListener) -> None:
        """Give a listener its outlet."""
        # Others are sinks too, and closed as such.
        recorder = listener if isinstance(listener, Recorder) else None
        outlet = Outlet[AudioChunk](
            self._name(listener, "" if recorder else "audio of "),
            listener.send_audio,
            self._channel(RECORDER_CAPACITY if recorder else AUDIO_CAPACITY),
            close=recorder.aclose if recorder else None,
            lossless=recorder is not None,
            patience_s=self._patience_s,
            recording=recorder.recording if recorder else None,
        )
        self._audio_outlets.append(outlet)
        self.report.outlets.append(outlet)

    def _channel(self, live_capacity: int) -> Channel[Any]:
        if self._live:
            return Channel(live_capacity, Overflow.DROP_OLDEST)
        return Channel(OFFLINE_CAPACITY, Overflow.WAIT)

    def _name(self, reader: object, prefix: str = "") -> str:
        """Return what to call a reader: its `name` if it has one, counted if others have it too."""
        plain = prefix + str(getattr(reader, "name", type(reader).__name__))
        taken = [outlet.name for outlet in self.report.outlets]
        names = itertools.chain([plain], (f"{plain} {count}" for count in itertools.count(2)))
        return next(name for name in names if name not in taken)

    async def run(self, source: AsyncIterable[AudioChunk]) -> None:
        """Run until the source ends and the outlets have what there is."""
        outlets = self.report.outlets
        self._began = self._clock.now()
        async with asyncio.TaskGroup() as tasks:
            deliveries = [
                tasks.create_task(outlet.deliver(), name=f"deliver to {outlet.name}")
                for outlet in outlets
            ]
            infer = tasks.create_task(self._infer(source), name="infer")
            await asyncio.wait([infer])
            for outlet, delivery in zip(outlets, deliveries, strict=True):
                tasks.create_task(outlet.finish(delivery), name=f"finish {outlet.name}")

    async def aclose(self) -> None:
        """Close all sinks, each as long as it takes but none for ever."""
        async with asyncio.TaskGroup() as tasks:
            for outlet in self.report.outlets:
                tasks.create_task(outlet.aclose(), name=f"close {outlet.name}")
        self.report.wall_ns = self._clock.now() - self._began

    async def _infer(self, source: AsyncIterable[AudioChunk]) -> None:
        try:
            async with contextlib.aclosing(self._chunks(source)) as chunks:
                async for chunk in chunks:
                    for listener in self._audio_outlets:
                        await listener.put(chunk)
                    self.report.hear(chunk)
                    await self._emit(partial(self._session.push, chunk))
                    if self._nobody_is_left():
                        logger.error("no output is left, so the stream ends")
                        return
            await self._emit(self._session.flush)
        except Exception as error:
            self.error = self.error or error
        finally:
            for outlet in self.report.outlets:
                outlet.channel.close()

    def _nobody_is_left(self) -> bool:
        """Tell whether all sinks failed, or all recorders of what is done for them alone."""
        recorders = [outlet for outlet in self.report.outlets if outlet.recording]
        ends = self._frame_outlets if self._live or not recorders else recorders
        return bool(ends) and all(outlet.failure for outlet in ends)

    async def _chunks(self, source: AsyncIterable[AudioChunk]) -> AsyncGenerator[AudioChunk, None]:
        """Yield what the source gives; if it fails, the stream still ends in order."""
        try:
            async for chunk in source:
                yield chunk
        except Exception as error:
            self.error = error

    async def _emit(self, work: Callable[[], list[BlendshapeFrame]]) -> None:
        for frame in await asyncio.to_thread(self._faced, work):
            self.report.count(frame, live=self._live)
            for outlet in self._frame_outlets:
                await outlet.put(frame)
            # One push can make more frames than a channel holds; let the sinks have a turn.
            await asyncio.sleep(0)

    def _faced(self, work: Callable[[], list[BlendshapeFrame]]) -> list[BlendshapeFrame]:
        """Run the engine and the face stage, in a thread."""
        began = self._clock.now()
        frames = []
        for frame in work():
            faced = self._face.apply(frame)
            stamps = replace(faced.stamps, faced=self._clock.now())
            frames.append(replace(faced, stamps=stamps))
        self.report.busy_ns += self._clock.now() - began
        return frames
