"""The batcher alone: who works for whom, in what order, and what happens when something fails."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from facewire.clock import MILLISECOND, SECOND, Clock, ManualClock, SystemClock
from facewire.errors import EngineError
from facewire_engines.hearing.batching import NO_HURRY, Batcher

FAR = 1 << 61


@dataclass(slots=True, eq=False)
class Countdown:
    """A job that is done when it has been stepped often enough."""

    name: str
    remaining: int
    deadline: int = FAR
    error: Exception | None = None


class Stepper:
    """Steps countdowns, and remembers who was in which run."""

    def __init__(self) -> None:
        self.runs: list[list[str]] = []

    def __call__(self, jobs: Sequence[Countdown]) -> None:
        self.runs.append([job.name for job in jobs])
        for job in jobs:
            job.remaining -= 1


def batcher(
    step: Callable[[Sequence[Countdown]], None], clock: Clock | None = None, **options: int
) -> Batcher[Countdown]:
    return Batcher[Countdown](step, clock or ManualClock(), **{"gather_ns": 0, **options})


def test_jobs_of_one_call_share_runs_until_each_is_done() -> None:
    step = Stepper()
    batcher(step).run([Countdown("a", 1), Countdown("b", 3), Countdown("c", 2)])
    assert step.runs == [["a", "b", "c"], ["b", "c"], ["b"]]


def test_a_job_without_steps_makes_no_run() -> None:
    step = Stepper()
    batcher(step).run([Countdown("a", 0)])
    assert step.runs == []


def test_no_job_is_stepped_twice_before_all_others_had_their_turn() -> None:
    step = Stepper()
    batcher(step, max_batch=2).run([Countdown(name, 2) for name in "abcde"])
    turns = [name for run in step.runs for name in run]
    assert turns == list("abcdeabcde")


def test_who_is_in_no_hurry_gets_the_room_that_is_left_and_is_never_late() -> None:
    step, clock = Stepper(), ManualClock(SECOND)
    runs = batcher(step, clock, max_batch=3)
    uploads = [Countdown(name, 2, NO_HURRY) for name in "xyz"]
    runs.run([*uploads, Countdown("a", 3), Countdown("b", 3)])
    assert [run[:2] for run in step.runs[:3]] == [["a", "b"]] * 3
    assert sorted(run[2] for run in step.runs[:3]) == list("xyz")
    assert not runs.report.late


def test_who_arrives_while_a_run_is_under_way_is_in_the_next_run() -> None:
    began, go_on = threading.Event(), threading.Event()
    plain = Stepper()

    def step(jobs: Sequence[Countdown]) -> None:
        plain(jobs)
        began.set()
        assert go_on.wait(10)

    shared = batcher(step)
    with ThreadPoolExecutor() as threads:
        first = threads.submit(shared.run, [Countdown("long", 3)])
        assert began.wait(10)
        others = [threads.submit(shared.run, [Countdown(name, 1)]) for name in "xy"]
        while len(shared._queue) < 2:
            assert not first.done()
        go_on.set()
        for future in (first, *others):
            future.result(10)
    assert plain.runs[0] == ["long"]
    assert sorted(plain.runs[1]) == ["long", "x", "y"]


def test_the_lead_passes_on_when_the_leader_is_done() -> None:
    step = Stepper()
    shared = batcher(step)
    with ThreadPoolExecutor(16) as threads:
        jobs = [[Countdown(f"{caller}", 1 + caller % 7)] for caller in range(200)]
        for future in [threads.submit(shared.run, job) for job in jobs]:
            future.result(10)
    assert all(job.remaining == 0 for (job,) in jobs)
    assert sum(len(run) for run in step.runs) == sum(1 + caller % 7 for caller in range(200))


def test_a_step_that_raises_fails_its_jobs_and_nobody_after_them() -> None:
    plain = Stepper()

    def step(jobs: Sequence[Countdown]) -> None:
        if any(job.name == "bad" for job in jobs):
            raise EngineError("broken")
        plain(jobs)

    shared = batcher(step)
    bad = Countdown("bad", 1)
    shared.run([bad])
    assert isinstance(bad.error, EngineError)
    good = Countdown("good", 2)
    shared.run([good])
    assert (good.remaining, good.error) == (0, None)


def test_ctrl_c_in_a_step_leaves_no_thread_waiting() -> None:
    began, go_on = threading.Event(), threading.Event()

    def step(jobs: Sequence[Countdown]) -> None:
        began.set()
        assert go_on.wait(10)
        for job in jobs:
            job.remaining -= 1
        if jobs[0].name == "interrupted":
            raise KeyboardInterrupt

    shared = batcher(step)
    with ThreadPoolExecutor() as threads:
        first = threads.submit(shared.run, [Countdown("interrupted", 5)])
        assert began.wait(10)
        waiting = Countdown("waiting", 2)
        second = threads.submit(shared.run, [waiting])
        while not shared._queue:
            assert not second.done()
        go_on.set()
        with pytest.raises(KeyboardInterrupt):
            first.result(10)
        second.result(10)
    assert (waiting.remaining, waiting.error) == (0, None)


def test_a_run_waits_for_those_who_are_expected() -> None:
    step = Stepper()
    shared = batcher(step, SystemClock(), gather_ns=60 * SECOND)
    for _ in range(3):
        shared.join()
    with ThreadPoolExecutor() as threads:
        for future in [threads.submit(shared.run, [Countdown(name, 1)]) for name in "abc"]:
            future.result(10)
    assert [sorted(run) for run in step.runs] == [["a", "b", "c"]]


def test_who_leaves_is_not_waited_for() -> None:
    step = Stepper()
    shared = batcher(step, SystemClock(), gather_ns=60 * SECOND)
    shared.join()
    shared.join()
    with ThreadPoolExecutor() as threads:
        alone = threads.submit(shared.run, [Countdown("a", 1)])
        while not shared._queue and not alone.done():
            pass
        left = threading.Event()
        shared.leave(left.set)
        assert left.is_set()
        alone.result(10)
    assert step.runs == [["a"]]


def test_nobody_is_waited_for_when_a_deadline_is_near() -> None:
    clock = ManualClock(now=SECOND)
    shared = batcher(Stepper(), clock, gather_ns=60 * SECOND)
    shared.join()
    shared.join()
    shared.run([Countdown("a", 1, deadline=SECOND)])


def test_jobs_past_their_deadline_are_counted_and_for_a_while_mean_overload() -> None:
    clock = ManualClock()
    late = 0

    def step(jobs: Sequence[Countdown]) -> None:
        clock.advance(late)
        for job in jobs:
            job.remaining -= 1

    shared = batcher(step, clock)
    shared.run([Countdown("in time", 1, clock.now() + MILLISECOND) for _ in range(100)])
    assert (shared.report.late, shared.overloaded) == (0, False)
    late = 2 * MILLISECOND
    shared.run([Countdown("late", 1, clock.now() + MILLISECOND) for _ in range(9)])
    assert (shared.report.late, shared.overloaded) == (9, False)
    shared.run([Countdown("late", 1, clock.now() + MILLISECOND)])
    assert (shared.report.late, shared.overloaded) == (10, True)
    clock.advance(2 * SECOND)
    assert not shared.overloaded
