"""How many sessions an engine holds: trials of more and more, then of numbers between.

A trial holds when no frame is late and the 99th percentile of inference is under one frame time.
Other programs of the machine can make a frame late too, so a number of sessions is held when most
of its trials hold: three of five. How many of the five it was is told beside it.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence

import msgspec

from facewire.errors import EngineError
from facewire.frame_rate import parse_frame_rate
from facewire_cli.bench.throughput_load import Load, Trial

LOAD_COMMAND = (sys.executable, "-m", "facewire_cli.bench.throughput_load")
FIRST_GUESS = 8
MOST = 1024
ATTEMPTS = 5
MAJORITY = ATTEMPTS // 2 + 1
START_UP_S = 60.0
"""How long a trial may take beyond its own seconds."""


class Row(msgspec.Struct, frozen=True):
    """What one engine held on one or all cores."""

    engine: str
    frame_rate: str
    cores: int
    held: int
    """The most sessions that were held; 0 if not even one was."""
    trials: tuple[Load, ...]
    """Every number of sessions that was tried, and the median trial of each, by lateness."""
    trials_run: int = 1
    """How many trials there were of the number that is held."""
    trials_held: int = 1
    """How many of these held."""

    @property
    def best(self) -> Load | None:
        """The median trial with the most sessions that were held."""
        return next((load for load in self.trials if load.sessions == self.held), None)


def holds(load: Load, trial: Trial) -> bool:
    """Tell whether a trial's sessions were all let in, and all of their frames in time."""
    if load.sessions < trial.sessions or load.inference is None:
        return False
    interval_ms = 1000 / float(parse_frame_rate(trial.frame_rate))
    return load.late == 0 and load.inference.p99_ms < interval_ms


def processors() -> list[int]:
    """Return the numbers of the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


async def run_trial(trial: Trial, cores: int = 1, command: Sequence[str] = LOAD_COMMAND) -> Load:
    """Run a trial's sessions, shared among so many processes, each on a processor of its own.

    Returns:
        The sum of what they found, and the inference of the worst of them.

    Raises:
        EngineError: a process failed; in an ExceptionGroup.
    """
    chosen = processors()[-cores:]
    shares = [trial.sessions * (n + 1) // cores - trial.sessions * n // cores for n in range(cores)]
    parts = [
        msgspec.structs.replace(trial, sessions=share, cpu=cpu)
        for share, cpu in zip(shares, chosen, strict=True)
        if share
    ]
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(_run(part, command), name=f"load on processor {part.cpu}")
            for part in parts
        ]
    loads = [task.result() for task in running]
    known = [load.inference for load in loads if load.inference is not None]
    return Load(
        sessions=sum(load.sessions for load in loads),
        frames=sum(load.frames for load in loads),
        late=sum(load.late for load in loads),
        cpu_share=sum(load.cpu_share for load in loads),
        inference=max(known, key=lambda found: found.p99_ms, default=None),
    )


async def _run(trial: Trial, command: Sequence[str]) -> Load:
    process = await asyncio.create_subprocess_exec(
        *command,
        msgspec.json.encode(trial).decode(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us, and ends it below
    )
    try:
        async with asyncio.timeout(trial.seconds * 2 + START_UP_S):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        reason = errors.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise EngineError(f"a trial with {trial.sessions} sessions failed: {reason[-1]}")
    return msgspec.json.decode(output, type=Load)


async def search(
    trial: Trial,
    cores: int = 1,
    *,
    command: Sequence[str] = LOAD_COMMAND,
    progress: Callable[[Load, bool], None] = lambda load, held: None,
) -> Row:
    """Find the most sessions that are held; `trial.sessions` is the first guess.

    Raises:
        EngineError: a trial's process failed; in an ExceptionGroup.
    """
    trials: dict[int, list[Load]] = {}

    async def attempt(sessions: int) -> None:
        tried = msgspec.structs.replace(trial, sessions=sessions)
        trials.setdefault(sessions, []).append(await run_trial(tried, cores, command))

    def wins(sessions: int) -> int:
        tried = msgspec.structs.replace(trial, sessions=sessions)
        return sum(holds(load, tried) for load in trials[sessions])

    async def try_with(sessions: int) -> bool:
        while True:
            await attempt(sessions)
            won, lost = wins(sessions), len(trials[sessions]) - wins(sessions)
            if MAJORITY in (won, lost):
                progress(_median(trials[sessions]), won == MAJORITY)
                return won == MAJORITY

    held, failed = 0, MOST * cores + 1
    guess = trial.sessions
    while failed - held > max(1, held // 16):
        if await try_with(guess):
            held = guess
        else:
            failed = guess
        doubled = max(2 * held, 1)
        guess = doubled if doubled < failed else (held + failed) // 2
        if held == MOST * cores:
            break
    while held and len(trials[held]) < ATTEMPTS:
        await attempt(held)
    return Row(
        trial.engine,
        trial.frame_rate,
        cores,
        held,
        tuple(_median(trials[sessions]) for sessions in sorted(trials)),
        len(trials[held]) if held else 0,
        wins(held) if held else 0,
    )


def _median(loads: Sequence[Load]) -> Load:
    """Return the trial in the middle: by late frames, then by p99."""
    ordered = sorted(loads, key=lambda load: (load.late, load.inference and load.inference.p99_ms))
    return ordered[len(ordered) // 2]


async def measure(
    trial: Trial, numbers: Sequence[int], cores: int = 1, command: Sequence[str] = LOAD_COMMAND
) -> Row:
    """Run a trial once with each of some numbers of sessions.

    Raises:
        EngineError: a trial's process failed; in an ExceptionGroup.
    """
    held, trials = 0, []
    for sessions in sorted(numbers):
        attempt = msgspec.structs.replace(trial, sessions=sessions)
        load = await run_trial(attempt, cores, command)
        trials.append(load)
        held = sessions if holds(load, attempt) else held
    return Row(trial.engine, trial.frame_rate, cores, held, tuple(trials))
