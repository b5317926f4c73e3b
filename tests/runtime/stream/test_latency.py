import numpy as np
import pytest

from facewire.clock import MILLISECOND
from facewire.frames import Stamps
from facewire.stream.latency import STAGES, StageLatencies, percentiles


def _stamps(captured: int, *stages_ms: float) -> Stamps:
    times = captured + np.cumsum([0, *stages_ms]) * MILLISECOND
    return Stamps(*(int(time) for time in times))


def test_stages_add_up_to_the_total() -> None:
    latencies = StageLatencies()
    latencies.add(_stamps(5_000_000_000, 1, 2, 3, 4))
    assert {stage: latencies.durations(stage).tolist() for stage in STAGES} == {
        "queue": [1 * MILLISECOND],
        "encode": [2 * MILLISECOND],
        "decode": [3 * MILLISECOND],
        "face": [4 * MILLISECOND],
        "total": [10 * MILLISECOND],
    }


def test_percentiles_are_milliseconds() -> None:
    latencies = StageLatencies()
    for queue_ms in range(1, 101):
        latencies.add(_stamps(1, queue_ms, 0, 0, 0))
    found = latencies.percentiles()["queue"]
    assert found.count == 100
    assert found.p50_ms == pytest.approx(50.5)
    assert found.p95_ms == pytest.approx(95.05)
    assert found.p99_ms == pytest.approx(99.01)
    assert found.max_ms == 100
    assert latencies.percentiles()["face"].max_ms == 0


def test_unknown_stamps_are_left_out() -> None:
    latencies = StageLatencies()
    latencies.add(Stamps(captured=0, started=0, encoded=0, decoded=7, faced=9))
    latencies.add(Stamps())
    assert list(latencies.percentiles()) == ["face"]
    assert latencies.durations("face").tolist() == [2]
    assert len(latencies.durations("total")) == 0
    assert len(latencies) == 2


def test_nothing_is_known_before_the_first_frame() -> None:
    latencies = StageLatencies()
    assert latencies.percentiles() == {}
    assert len(latencies) == 0


def test_only_recent_frames_are_remembered() -> None:
    latencies = StageLatencies(capacity=10)
    for queue_ms in range(25):
        latencies.add(_stamps(1, queue_ms, 0, 0, 0))
    assert len(latencies) == 10
    remembered = sorted(latencies.durations("queue") // MILLISECOND)
    assert remembered == list(range(15, 25))


def test_what_was_returned_does_not_change_any_more() -> None:
    latencies = StageLatencies(capacity=1)
    latencies.add(_stamps(1, 1, 1, 1, 1))
    before = latencies.durations("queue")
    latencies.add(_stamps(1, 2, 2, 2, 2))
    assert before.tolist() == [1 * MILLISECOND]


def test_an_unknown_stage_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="is not in list"):
        StageLatencies().durations("transport")


def test_room_for_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        StageLatencies(capacity=0)


def test_percentiles_of_other_durations() -> None:
    found = percentiles(np.array([3, 1, 2], np.int64) * MILLISECOND)
    assert (found.count, found.p50_ms, found.max_ms) == (3, 2.0, 3.0)
