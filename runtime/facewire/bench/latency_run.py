"""Measures one stream: a recording in real time, through the engine, to a viewer elsewhere."""

import asyncio
import sys
from pathlib import Path

import msgspec
import numpy as np

from facewire.bench.receiver import Received
from facewire.clock import MICROSECOND, SECOND, Clock
from facewire.engine import Engine
from facewire.errors import FacewireError
from facewire.face import make_face
from facewire.latency import Percentiles, percentiles
from facewire.pipeline import run_stream
from facewire.report import StreamReport
from facewire.server import Broadcaster, FaceServer
from facewire.settings import Settings
from facewire.sinks.websocket import WebSocketSink
from facewire.sources.paced import Paced
from facewire.sources.sound_file import SoundFile
from facewire.wanted import open_face, open_session

STAGES = ("queue", "encode", "decode", "face", "send")


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
    sink = WebSocketSink(broadcaster)
    report = StreamReport()
    async with FaceServer(
        engine, make_face, broadcaster=broadcaster, clock=clock, port=0
    ) as server:
        await sink.open(session.spec, engine.name)
        viewer = await _viewer(f"ws://127.0.0.1:{server.port}/face")
        async with Paced(sound, clock) as source:
            began = clock.now()
            await run_stream(
                source, session, face, [sink],
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
        stages=_stages(rows, began, session.spec.sample_rate),
    )


async def _viewer(url: str) -> asyncio.subprocess.Process:
    """Start a viewer in a process of its own, and wait until it is connected."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "facewire.bench.receiver", url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), timeout=30)
    if line.strip() != b"ready":
        raise FacewireError(f"the viewer of the benchmark could not connect to {url}")
    return process


def _stages(rows: list[Received], began: int, sample_rate: int) -> dict[str, Percentiles]:
    """Summarise received frames by stage; `began` is when sample 0 was due."""
    own = np.array([row.stages_us for row in rows], np.int64) * MICROSECOND
    captured = np.array([row.captured_ns for row in rows], np.int64)
    received = np.array([row.received_ns for row in rows], np.int64)
    spoken = began + np.array([row.timestamp for row in rows], np.int64) * SECOND // sample_rate
    found = {name: percentiles(own[:, column]) for column, name in enumerate(STAGES)}
    found["transport"] = percentiles(received - captured - own.sum(axis=1))
    found["captured to received"] = percentiles(received - captured)
    found["spoken to received"] = percentiles(received - spoken)
    return found
