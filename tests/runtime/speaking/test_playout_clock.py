"""Which sample is heard when, in integers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facewire.clock import SECOND
from facewire.speaking.playout_clock import PlayoutClock


def test_by_default_it_runs_in_real_time() -> None:
    clock = PlayoutClock(16_000, now=5 * SECOND)
    assert clock.position(5 * SECOND) == 0
    assert clock.position(6 * SECOND) == 16_000
    assert clock.due(8_000, now=5 * SECOND) == 5 * SECOND + SECOND // 2


def test_what_the_client_says_counts_from_then_on() -> None:
    clock = PlayoutClock(16_000, now=0)
    clock.set_playout(1_600, when=SECOND)
    assert clock.position(SECOND) == 1_600
    assert clock.position(2 * SECOND) == 17_600
    assert clock.position(0) == 1_600 - 16_000


def test_pausing_stops_it_and_resuming_goes_on() -> None:
    clock = PlayoutClock(16_000, now=0)
    clock.pause(SECOND)
    clock.pause(2 * SECOND)
    assert clock.paused
    assert clock.position(9 * SECOND) == 16_000
    assert clock.due(32_000, now=9 * SECOND) == 10 * SECOND
    clock.resume(10 * SECOND)
    clock.resume(11 * SECOND)
    assert not clock.paused
    assert clock.position(11 * SECOND) == 32_000


def test_a_client_can_say_where_it_paused() -> None:
    clock = PlayoutClock(16_000, now=0)
    clock.pause(SECOND)
    clock.set_playout(800, when=SECOND)
    assert clock.position(3 * SECOND) == 800


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 44_100])
@given(sample=st.integers(0, 10**9), began=st.integers(0, 10**18))
def test_a_sample_is_heard_when_it_is_due_and_not_before(
    rate: int, sample: int, began: int
) -> None:
    clock = PlayoutClock(rate, began)
    due = clock.due(sample, began)
    assert clock.position(due) == sample
    assert clock.position(due - 1) < sample or not sample
