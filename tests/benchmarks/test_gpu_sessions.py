"""The search for sessions ends in time, with what it knows: real processes, of a known strength."""

import asyncio
import sys
from pathlib import Path

import pytest

from facewire.clock import SECOND, ManualClock
from facewire_cli.bench.throughput_load import Trial

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "benchmarks"))
from gpu_sessions import TRIALS, Bracket, most_sessions

LOAD = """
import json, sys, threading
trial = json.loads(sys.argv[1])
strength, hangs, fault = {strength}, {hangs}, {fault!r}
if hangs:
    threading.Event().wait()
if fault:
    sys.exit(fault)
late = max(trial["sessions"] - strength, 0)
known = {{"p50_ms": 1.0, "p95_ms": 1.0, "p99_ms": 2.0, "max_ms": 3.0, "count": 10}}
print(json.dumps({{"sessions": trial["sessions"], "frames": 10, "late": late, "cpu_share": 0.1,
                  "inference": known}}))
"""


def searched(
    strength: int,
    first: int,
    *,
    hangs: bool = False,
    fault: str = "",
    limit_s: float = 60.0,
    lasts_s: float = 0.0,
) -> tuple[int, list[int], str]:
    """Return what was held, the numbers that were tried in order, and why it ended early.

    By the search's clock each trial lasts `lasts_s`.
    """
    tried: list[int] = []
    clock = ManualClock()

    def note(sessions: int, _held: bool) -> None:
        tried.append(sessions)
        clock.advance(int(lasts_s * SECOND))

    program = LOAD.format(strength=strength, hangs=hangs, fault=fault)
    row, why = asyncio.run(
        most_sessions(
            Trial("phones", first, seconds=0.5), 1, limit_s, clock, most=1024,
            command=(sys.executable, "-c", program), progress=note,
        )
    )  # fmt: skip
    assert [load.sessions for load in row.trials] == sorted(tried)
    return row.held, tried, why


@pytest.mark.parametrize("strength", [1, 37, 100, 500])
def test_the_answer_is_within_an_eighth(strength: int) -> None:
    held, tried, why = searched(strength, 64)
    assert held <= strength < held + max(2, held / 4)
    assert len(tried) <= TRIALS
    assert why == ""


def test_not_even_one_and_more_than_are_asked_for() -> None:
    assert searched(0, 64)[0] == 0
    assert searched(5_000, 600) == (1024, [600, 1024], "")


def test_the_search_ends_when_its_time_is_up_and_keeps_what_it_knows() -> None:
    held, tried, why = searched(1_000, 4, limit_s=60.0, lasts_s=25.0)
    assert len(tried) == 3
    assert held == max(tried) < 1_000
    assert why == "there was no time for another trial"


def test_a_trial_that_outlasts_the_time_is_ended() -> None:
    assert searched(1_000, 4, hangs=True, limit_s=2.0) == (
        0, [], "a trial with 4 sessions was under way when the time was up",
    )  # fmt: skip


def test_a_trial_that_fails_ends_the_search_with_its_reason() -> None:
    held, tried, why = searched(10, 4, fault="the GPU is gone")
    assert (held, tried) == (0, [])
    assert "the GPU is gone" in why


def test_a_bracket_closes_within_the_trials() -> None:
    for strength in range(0, 1025):
        bracket, trials = Bracket(1024), 0
        sessions: int | None = 64
        while sessions is not None:
            bracket.learn(sessions, sessions <= strength)
            sessions, trials = bracket.next(), trials + 1
        assert trials <= TRIALS, strength
        assert bracket.held <= strength
