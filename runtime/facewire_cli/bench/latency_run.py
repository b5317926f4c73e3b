"""Measures one stream: a recording in real time, through the engine, to a viewer elsewhere."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from facewire.clock import MICROSECOND, SECOND, Clock
from facewire.errors import FacewireError
from facewire.face import make_face
from facewire.frames import AudioChunk, BlendshapeFrame, StreamSpec
from facewire.server.server import Broadcaster, FaceServer
from facewire.settings.open_from_settings import open_face, open_session
from facewire.settings.settings import Settings
from facewire.sinks.websocket import WebSocketSink
from facewire.sources.paced import Paced
from facewire.sources.sound_file import SoundFile
from facewire.stream.engine import Engine
from facewire.stream.latency import Percentiles, percentiles
from facewire.stream.outputs import deliver_stream
from facewire.stream.pipeline import inferring
from facewire.stream.report import StreamReport
from facewire_cli.bench.receiver import Received


class LatencyResult(msgspec.Struct, frozen=True):
    """What one run found; every duration in milliseconds."""

    engine: str
    frame_rate: str
    lookahead_ms: float
    hop_ms: float
    chunk_ms: float
    audio_s: float
    frames: int
    received: int
    dropped: int
    late: int
    real_time_factor: float
    stages: dict[str, Percentiles]


class _Notes:
    """When things happened in this process that a frame's own stamps do not tell, in ns."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.began = clock.now()
        """When sample 0 was due."""
        self.arrived: dict[int, int] = {}
        """When a chunk could be handed over, by the time when its last sample was due."""
        self.written: dict[int, int] = {}
        """When a frame was with the system, by its index."""

    async def listen(self, source: AsyncIterable[AudioChunk]) -> AsyncGenerator[AudioChunk, None]:
        """Yield what the source gives."""
        asked = self.began
        async for chunk in source:
            # A chunk that was there before anybody asked for it waits in the queue already.
            waited = asked < chunk.captured
            self.arrived[chunk.captured] = self._clock.now() if waited else chunk.captured
            yield chunk
            asked = self._clock.now()

    def wrote(self, frame: BlendshapeFrame) -> None:
        """Note that a frame is on its way."""
        self.written[frame.index] = self._clock.now()


class _NotedSink(WebSocketSink):
    """Notes when a frame has been encoded and written."""

    def __init__(self, broadcaster: Broadcaster, notes: _Notes) -> None:
        super().__init__(broadcaster)
        self._notes = notes

    async def send(self, frame: BlendshapeFrame) -> None:
        """Broadcast a frame."""
        await super().send(frame)
        self._notes.wrote(frame)


async def measure(
    engine: Engine, path: Path, settings: Settings, clock: Clock, chunk_samples: int = 160
) -> LatencyResult:
    """Play a recording in real time to a viewer in another process, and time every stage.

    Raises:
        FacewireError: the viewer did not come up.
    """
    sound = SoundFile(path, engine.sample_rate, chunk_samples)
    session = open_session(engine, settings, clock)
    face = open_face(session.spec, settings)
    broadcaster = Broadcaster(clock=clock)
    report = StreamReport()
    async with contextlib.AsyncExitStack() as stack:
        async with FaceServer(
            engine, make_face, broadcaster=broadcaster, clock=clock, port=0
        ) as server:
            await WebSocketSink(broadcaster).open(session.spec, engine.name)
            url = f"ws://127.0.0.1:{server.port}/face"
            viewer = await stack.enter_async_context(_viewer(url))
            async with Paced(sound, clock) as source:
                notes = _Notes(clock)
                sink = _NotedSink(broadcaster, notes)
                async with contextlib.aclosing(notes.listen(source)) as chunks:
                    await deliver_stream(
                        inferring(chunks, session, face, clock), session.spec, [sink],
                        engine_name=engine.name, clock=clock, live=True, report=report,
                    )  # fmt: skip
        output, _ = await asyncio.wait_for(viewer.communicate(), timeout=30)
    rows = msgspec.json.decode(output, type=list[Received])
    return LatencyResult(
        engine=engine.name,
        frame_rate=str(session.spec.frame_rate),
        lookahead_ms=session.spec.lookahead_ms,
        hop_ms=1000 * engine.hop / engine.sample_rate,
        chunk_ms=1000 * chunk_samples / engine.sample_rate,
        audio_s=report.audio_s,
        frames=report.frames,
        received=len(rows),
        dropped=sum(report.dropped.values()),
        late=report.late,
        real_time_factor=report.real_time_factor,
        stages=_stages(rows, notes, session.spec, engine.hop, report.samples),
    )


@contextlib.asynccontextmanager
async def _viewer(url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start a viewer in a process of its own, wait until it is connected, and end it at last."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "facewire_cli.bench.receiver", url,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us, and ends it below
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), timeout=30)
        if line.strip() != b"ready":
            raise FacewireError(f"the viewer of the benchmark could not connect to {url}")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _stages(
    rows: list[Received], notes: _Notes, spec: StreamSpec, hop: int, samples: int
) -> dict[str, Percentiles]:
    """Summarise received frames by stage.

    Args:
        rows: the frames, as the viewer got them.
        notes: what this process saw.
        spec: of the stream.
        hop: samples of the engine's step.
        samples: how many were played.
    """
    own = np.array([row.stages_us for row in rows], np.int64) * MICROSECOND
    timestamps = np.array([row.timestamp for row in rows], np.int64)
    captured = np.array([row.captured_ns for row in rows], np.int64)
    received = np.array([row.received_ns for row in rows], np.int64)
    # The frames that end a stream come with its flush, and no chunk.
    arrived = np.array([notes.arrived.get(c, c) for c in captured.tolist()], np.int64)
    written = np.array([notes.written[row.index] for row in rows], np.int64)
    # The last sample that a frame heard; at the end of the recording there is nothing to wait for.
    heard = np.minimum((timestamps + spec.lookahead) // hop * hop, samples)
    faced = captured + own[:, :4].sum(axis=1)
    durations = {
        "capture": arrived - _due(heard, notes, spec),
        "queue": captured + own[:, 0] - arrived,
        "encode": own[:, 1],
        "decode": own[:, 2],
        "face": own[:, 3],
        "encode to wire": written - faced,
        "transport": received - written,
        "heard to received": received - _due(heard, notes, spec),
        "spoken to received": received - _due(timestamps, notes, spec),
    }
    # A viewer on another core can have a frame a few µs before the writer notes that it is gone.
    return {name: percentiles(np.maximum(found, 0)) for name, found in durations.items()}


def _due(samples: NDArray[np.int64], notes: _Notes, spec: StreamSpec) -> NDArray[np.int64]:
    """Return when samples had been spoken, in ns."""
    return notes.began + samples * SECOND // spec.sample_rate
