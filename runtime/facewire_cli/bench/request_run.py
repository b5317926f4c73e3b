"""First-packet latency and frame rate, defined as NVIDIA's `nim_performance_test` does.

See docs/latency.md for the definition, its source, and where this is stricter.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from facewire.clock import MILLISECOND, SECOND, Clock
from facewire.errors import FacewireError
from facewire.face import make_face
from facewire.server.server import FaceServer
from facewire.stream.engine import Engine
from facewire_cli.bench.request_load import Answer, Clip, Outcome, RequestPlan

FRAME_RATE = "30"
CLIPS = tuple(Clip(seconds, rate) for rate in (16_000, 44_100) for seconds in (5, 10, 20))
"""The lengths and sample rates of NVIDIA's recordings."""


class Spread(msgspec.Struct, frozen=True):
    """How a figure is distributed over requests."""

    min: float
    p1: float
    p5: float
    p10: float
    median: float
    mean: float
    p90: float
    p95: float
    p99: float
    max: float


class RequestResult(msgspec.Struct, frozen=True):
    """What the requests with one clip found."""

    engine: str
    seconds: int
    sample_rate: int
    frame_rate: str
    lookahead_ms: float
    streams: int
    requests: int
    failed: int
    first_message_ms: Spread | None
    """The server's first message of any kind; None if every request failed."""
    first_frame_ms: Spread | None
    frames_per_s: Spread | None


async def measure_requests(
    engine: Engine,
    clock: Clock,
    *,
    requests: int,
    streams: int = 1,
    lookahead_ms: float = 80.0,
    recording: Path | None = None,
    clips: Sequence[Clip] = CLIPS,
) -> tuple[RequestResult, ...]:
    """Serve an engine to clients in another process, and time the answers.

    Raises:
        FacewireError: the clients did not run.
    """
    async with FaceServer(
        engine, make_face, clock=clock, port=0, max_sessions=2 * streams
    ) as server:
        plan = RequestPlan(
            url=f"ws://127.0.0.1:{server.port}/session",
            clips=tuple(clips),
            recording=str(recording or ""),
            requests=requests,
            streams=streams,
            frame_rate=FRAME_RATE,
            lookahead_ms=lookahead_ms,
        )
        outcomes = await _run_clients(plan)
    return tuple(
        _result(engine.name, clip, plan, answers)
        for clip, answers in zip(clips, outcomes, strict=True)
    )


async def _run_clients(plan: RequestPlan) -> list[list[Outcome]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "facewire_cli.bench.request_load", msgspec.json.encode(plan).decode(),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us, and ends it below
    )  # fmt: skip
    try:
        output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        reason = errors.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise FacewireError(f"the clients of the benchmark failed: {reason[-1]}")
    return msgspec.json.decode(output, type=list[list[Outcome]])


def _result(
    engine: str, clip: Clip, plan: RequestPlan, outcomes: Sequence[Outcome]
) -> RequestResult:
    answers = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    rows = np.array(
        [(a.first_message, a.first_frame, a.ended, a.frames) for a in answers], np.int64
    ).reshape(-1, 4)
    # Packets are the first message and the frames, from the first message to the end.
    lasted = np.maximum(rows[:, 2] - rows[:, 0], 1)
    return RequestResult(
        engine=engine,
        seconds=clip.seconds,
        sample_rate=clip.sample_rate,
        frame_rate=plan.frame_rate,
        lookahead_ms=plan.lookahead_ms,
        streams=plan.streams,
        requests=plan.requests,
        failed=len(outcomes) - len(answers),
        first_message_ms=spread(rows[:, 0] / MILLISECOND),
        first_frame_ms=spread(rows[:, 1] / MILLISECOND),
        frames_per_s=spread((1 + rows[:, 3]) * SECOND / lasted),
    )


def spread(values: NDArray[np.float64]) -> Spread | None:
    """Summarise figures, `[N]`; None if there are none."""
    if not len(values):
        return None
    p1, p5, p10, median, p90, p95, p99 = np.percentile(values, (1, 5, 10, 50, 90, 95, 99)).tolist()
    return Spread(
        min=float(values.min()), p1=p1, p5=p5, p10=p10, median=median, mean=float(values.mean()),
        p90=p90, p95=p95, p99=p99, max=float(values.max()),
    )  # fmt: skip
