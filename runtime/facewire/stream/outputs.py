"""The outputs of one stream: each sink and each listener has a queue and a task of its own."""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from facewire.clock import Clock
from facewire.errors import ConfigError
from facewire.frames import AudioChunk, BlendshapeFrame, StreamSpec
from facewire.stream.channel import Channel, Overflow
from facewire.stream.report import StreamReport
from facewire.stream.sink import AudioListener, Recorder, Sink
from facewire.stream.sink_queue import SinkQueue

logger = logging.getLogger(__name__)

LIVE_CAPACITY = 8
"""Frames: enough for jitter. A viewer that falls behind further is better off with new ones."""

RECORDER_CAPACITY = 4096
"""Frames: over a minute at 60 a second for a disk to wake up in."""

OFFLINE_CAPACITY = 16

AUDIO_CAPACITY = 256
"""Chunks."""


async def deliver_stream(
    produce: Callable[["StreamOutputs"], Awaitable[None]],
    spec: StreamSpec,
    sinks: Sequence[Sink],
    *,
    engine_name: str,
    clock: Clock,
    listeners: Sequence[AudioListener] = (),
    others: Sequence[SinkQueue[Any]] = (),
    live: bool,
    report: StreamReport | None = None,
    patience_s: float = 5.0,
) -> StreamReport:
    """Bring what is produced to sinks and listeners, until it ends or is cancelled.

    A live stream never waits for a sink: what a slow one misses is dropped and counted. Any other
    stream goes as fast as its slowest sink. A sink that raises, or that stands still for
    `patience_s` where the stream has to wait for it, is logged, closed and left out; so is a viewer
    of a live stream that cannot be opened. All sinks are closed, and recorders get what is queued,
    whatever happens.

    Args:
        produce: fills the outputs, and should end when none is left.
        spec: of the stream.
        sinks: get the frames.
        engine_name: of what makes them.
        clock: keeps time.
        listeners: hear the audio; recorders among them are open, and are closed like sinks.
        others: queues that the caller fills while the stream runs, such as word times.
        live: whether somebody watches while it is made.
        report: filled as the stream runs, for who wants to watch, or to know after cancellation.
        patience_s: how long a sink may stand still.

    Returns:
        The report, whose `failures` tell which sinks were left out.

    Raises:
        ConfigError: a sink cannot be opened; of a live stream, a recorder cannot, or none can.
        Exception: whatever `produce` raised, once the sinks have what was made.
    """
    outputs = StreamOutputs(spec, clock, report or StreamReport(), live=live, patience_s=patience_s)
    try:
        await outputs.open(sinks, listeners, others, engine_name)
        error = await outputs.run(produce)
    finally:
        await _uninterrupted_once(outputs.aclose())
    if error is not None:
        raise error
    return outputs.report


async def _uninterrupted_once(closing: Coroutine[Any, Any, None]) -> None:
    """Close to the end, also if whoever runs this is told to stop meanwhile: files become whole.

    Told a second time, it stops. What was already stopped before is at its second time.
    """
    running = asyncio.current_task()
    stopped = running is not None and running.cancelling()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(closing, name="close the outputs")
        try:
            await (task if stopped else asyncio.shield(task))
        except asyncio.CancelledError:
            if not task.done():
                await task
            raise


class StreamOutputs:
    """Where the frames and the audio of one stream go. Used by one event loop."""

    def __init__(
        self,
        spec: StreamSpec,
        clock: Clock,
        report: StreamReport,
        *,
        live: bool,
        patience_s: float,
    ) -> None:
        """Begin with none; see `deliver_stream`."""
        report.spec = spec
        self.report = report
        self._spec = spec
        self._clock = clock
        self._began = clock.now()
        self._live = live
        self._patience_s = patience_s
        self._frame_queues: list[SinkQueue[BlendshapeFrame]] = []
        self._audio_queues: list[SinkQueue[AudioChunk]] = []

    async def open(
        self,
        sinks: Sequence[Sink],
        listeners: Sequence[AudioListener],
        others: Sequence[SinkQueue[Any]],
        engine_name: str,
    ) -> None:
        """Open the sinks, and give each reader its queue."""
        for sink in sinks:
            await self._open_sink(sink, engine_name)
        failed = [queue.failure for queue in self._frame_queues if queue.failure]
        if failed and len(failed) == len(self._frame_queues):
            raise ConfigError(failed[0])
        for listener in listeners:
            self._add_listener(listener)
        self.report.queues.extend(others)

    async def hear(self, chunk: AudioChunk) -> None:
        """Take the next audio, before the frames that it completes."""
        for queue in self._audio_queues:
            await queue.put(chunk)
        self.report.hear(chunk)

    async def show(self, frame: BlendshapeFrame) -> None:
        """Take the next frame."""
        self.report.count(frame, live=self._live)
        for queue in self._frame_queues:
            await queue.put(frame)
        # Frames come many at once, more than a channel holds; let the sinks have a turn.
        await asyncio.sleep(0)

    @property
    def none_left(self) -> bool:
        """Whether all sinks failed, or all recorders of what is done for them alone."""
        recorders = [queue for queue in self.report.queues if queue.recording]
        ends = self._frame_queues if self._live or not recorders else recorders
        return bool(ends) and all(queue.failure for queue in ends)

    async def run(self, produce: Callable[["StreamOutputs"], Awaitable[None]]) -> Exception | None:
        """Run until all is produced and the queues have what there is; return what failed."""
        queues = self.report.queues
        self._began = self._clock.now()
        async with asyncio.TaskGroup() as tasks:
            deliveries = [
                tasks.create_task(queue.deliver(), name=f"deliver to {queue.name}")
                for queue in queues
            ]
            producing = tasks.create_task(self._produce(produce), name="produce")
            await asyncio.wait([producing])
            for queue, delivery in zip(queues, deliveries, strict=True):
                tasks.create_task(queue.finish(delivery), name=f"finish {queue.name}")
        return producing.result()

    async def aclose(self) -> None:
        """Close all sinks, each as long as it takes but none for ever."""
        async with asyncio.TaskGroup() as tasks:
            for queue in self.report.queues:
                tasks.create_task(queue.aclose(), name=f"close {queue.name}")
        self.report.wall_ns = self._clock.now() - self._began

    async def _produce(
        self, produce: Callable[["StreamOutputs"], Awaitable[None]]
    ) -> Exception | None:
        try:
            await produce(self)
        except Exception as error:
            return error
        finally:
            for queue in self.report.queues:
                queue.channel.close()
        if self.none_left:
            logger.error("no output is left, so the stream ends")
        return None

    async def _open_sink(self, sink: Sink, engine_name: str) -> None:
        """Open a sink; a viewer of a live stream that cannot be opened is left out."""
        try:
            await sink.open(self._spec, engine_name)
        except ConfigError as error:
            if not self._live or sink.lossless:
                raise
            self._add_sink(sink).leave_out(str(error))
        else:
            self._add_sink(sink)

    def _add_sink(self, sink: Sink) -> SinkQueue[BlendshapeFrame]:
        """Give a sink its queue."""
        queue = SinkQueue[BlendshapeFrame](
            self._name(sink),
            sink.send,
            self._channel(RECORDER_CAPACITY if sink.lossless else LIVE_CAPACITY),
            close=sink.aclose,
            lossless=sink.lossless,
            patience_s=self._patience_s,
            recording=sink.recording if isinstance(sink, Recorder) else None,
        )
        self._frame_queues.append(queue)
        self.report.queues.append(queue)
        return queue

    def _add_listener(self, listener: AudioListener) -> None:
        """Give a listener its queue."""
        # Others are sinks too, and closed as such.
        recorder = listener if isinstance(listener, Recorder) else None
        queue = SinkQueue[AudioChunk](
            self._name(listener, "" if recorder else "audio of "),
            listener.send_audio,
            self._channel(RECORDER_CAPACITY if recorder else AUDIO_CAPACITY),
            close=recorder.aclose if recorder else None,
            lossless=recorder is not None,
            patience_s=self._patience_s,
            recording=recorder.recording if recorder else None,
        )
        self._audio_queues.append(queue)
        self.report.queues.append(queue)

    def _channel(self, live_capacity: int) -> Channel[Any]:
        if self._live:
            return Channel(live_capacity, Overflow.DROP_OLDEST)
        return Channel(OFFLINE_CAPACITY, Overflow.WAIT)

    def _name(self, reader: object, prefix: str = "") -> str:
        """Return what to call a reader: its `name` if it has one, counted if others have it too."""
        plain = prefix + str(getattr(reader, "name", type(reader).__name__))
        taken = [queue.name for queue in self.report.queues]
        names = itertools.chain([plain], (f"{plain} {count}" for count in itertools.count(2)))
        return next(name for name in names if name not in taken)
