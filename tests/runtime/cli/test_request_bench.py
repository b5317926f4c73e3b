"""First-packet latency and frame rate: real requests, and the definition by hand."""

import numpy as np
import pytest

from facewire.clock import MILLISECOND, SystemClock
from facewire.face import make_face
from facewire.server.server import FaceServer
from facewire.stream.engines import load_engine
from facewire_cli.bench.request_load import Answer, Clip, RequestPlan, run_plan
from facewire_cli.bench.request_run import _result, measure_requests, spread

CLIPS = (Clip(1, 16_000), Clip(2, 44_100))


async def test_every_request_gets_every_frame_of_its_clip() -> None:
    clock = SystemClock()
    async with FaceServer(load_engine("energy"), make_face, clock=clock, port=0) as server:
        url = f"ws://127.0.0.1:{server.port}/session"
        plan = RequestPlan(url, CLIPS, requests=3, streams=2, stagger_s=0.01)
        found = await run_plan(plan, clock)
    assert [len(answers) for answers in found] == [3, 3]
    for clip, answers in zip(CLIPS, found, strict=True):
        for answer in answers:
            assert isinstance(answer, Answer)
            assert answer.frames == 30 * clip.seconds
            assert 0 < answer.first_message <= answer.first_frame <= answer.ended


async def test_a_request_that_is_refused_has_failed() -> None:
    clock = SystemClock()
    async with FaceServer(load_engine("energy"), make_face, clock=clock, port=0) as server:
        url = f"ws://127.0.0.1:{server.port}/session"
        refused = RequestPlan(url, CLIPS[:1], frame_rate="900")
        assert await run_plan(refused, clock) == [["failed"]]
    gone = RequestPlan(url, CLIPS[:1], requests=2)
    assert await run_plan(gone, clock) == [["failed", "failed"]]


async def test_clients_run_in_a_process_of_their_own() -> None:
    rows = await measure_requests(
        load_engine("energy"), SystemClock(), requests=1, lookahead_ms=40.0, clips=CLIPS[:1]
    )
    (row,) = rows
    assert (row.seconds, row.sample_rate, row.requests, row.failed) == (1, 16_000, 1, 0)
    assert (row.frame_rate, row.lookahead_ms) == ("30", 40.0)
    assert row.frames_per_s is not None


def test_the_figures_are_nvidias() -> None:
    """A first packet after 20 ms, a face after 50, 29 faces by 520: 30 packets in half a second."""
    plan = RequestPlan("", CLIPS[:1], requests=2)
    answer = Answer(20 * MILLISECOND, 50 * MILLISECOND, 520 * MILLISECOND, 29)
    row = _result("phones", CLIPS[0], plan, [answer, "failed"])
    assert row.failed == 1
    assert row.first_message_ms is not None
    assert row.first_frame_ms is not None
    assert row.frames_per_s is not None
    assert row.first_message_ms.mean == 20
    assert row.first_frame_ms.p99 == 50
    assert row.frames_per_s.p1 == pytest.approx(60)


def test_a_clip_that_nobody_answered_has_no_figures() -> None:
    row = _result("phones", CLIPS[0], RequestPlan("", CLIPS[:1]), ["failed"])
    assert (row.failed, row.first_frame_ms, row.frames_per_s) == (1, None, None)


def test_percentiles_of_requests() -> None:
    found = spread(np.arange(101.0))
    assert found is not None
    assert (found.min, found.p1, found.p5, found.p10, found.median) == (0, 1, 5, 10, 50)
    assert (found.mean, found.p90, found.p95, found.p99, found.max) == (50, 90, 95, 99, 100)
