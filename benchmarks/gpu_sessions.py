"""How many sessions an engine holds, found in a bounded time: bisection, one trial a number.

`facewire bench throughput` repeats its trials and searches until it knows; on a GPU each trial
loads the engine in several processes again, so that takes many minutes. Here what is known when
the time is up counts.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from facewire.clock import SECOND, Clock
from facewire.errors import EngineError
from facewire_cli.bench.throughput_load import Load, Trial
from facewire_cli.bench.throughput_search import LOAD_COMMAND, Row, holds, run_trial

TRIALS = 9
"""At most: enough to find a number from 1 to 1024 within an eighth of itself."""
CLOSE = 8
"""A bracket is close enough if it is narrower than the number itself divided by this."""


@dataclass(slots=True)
class Bracket:
    """Between which numbers of sessions the answer lies."""

    most: int
    """Sessions that are never exceeded."""
    held: int = 0
    failed: int | None = None
    loads: dict[int, Load] = field(default_factory=dict)

    def learn(self, sessions: int, held: bool) -> None:
        """Note how a trial ended."""
        if held:
            self.held = max(self.held, sessions)
        else:
            self.failed = min(sessions, self.failed or sessions)

    def next(self) -> int | None:
        """Return the number to try next, or None if the answer is known well enough."""
        if self.failed is None:
            return min(2 * self.held, self.most) if self.held < self.most else None
        if self.failed - self.held <= max(1, self.held // CLOSE):
            return None
        return max(1, self.failed // 4) if not self.held else (self.held + self.failed) // 2


async def most_sessions(
    trial: Trial,
    cores: int,
    limit_s: float,
    clock: Clock,
    *,
    most: int = 4096,
    command: Sequence[str] = LOAD_COMMAND,
    progress: Callable[[int, bool], None] = lambda sessions, held: None,
) -> tuple[Row, str]:
    """Search until the answer is close, or the time is up.

    Args:
        trial: its sessions are the first guess.
        cores: processes that share the sessions.
        limit_s: no trial begins or goes on after it.
        clock: tells when that is.
        most: sessions that are never exceeded.
        command: runs one process of a trial.
        progress: gets each number of sessions, and whether it was held.

    Returns:
        What was found, and why the search ended before it was sure, if it did.
    """
    deadline = clock.now() + int(limit_s * SECOND)
    bracket = Bracket(most)
    guess: int | None = min(trial.sessions, most)
    why = ""
    while guess is not None and not why:
        attempt = msgspec.structs.replace(trial, sessions=guess)
        left_s = (deadline - clock.now()) / SECOND
        if len(bracket.loads) == TRIALS:
            why = f"it ended after {TRIALS} trials"
        elif left_s < trial.seconds:
            why = "there was no time for another trial"
        else:
            load = await _tried(attempt, cores, left_s, command)
            if isinstance(load, str):
                why = load
                continue
            bracket.loads[guess] = load
            bracket.learn(guess, holds(load, attempt))
            progress(guess, holds(load, attempt))
            guess = bracket.next()
    loads = tuple(bracket.loads[sessions] for sessions in sorted(bracket.loads))
    return Row(trial.engine, trial.frame_rate, cores, bracket.held, loads), why


async def _tried(attempt: Trial, cores: int, limit_s: float, command: Sequence[str]) -> Load | str:
    """Run a trial, or say in a few words why there is nothing of it."""
    try:
        async with asyncio.timeout(limit_s):
            return await run_trial(attempt, cores, command)
    except TimeoutError:
        return f"a trial with {attempt.sessions} sessions was under way when the time was up"
    except ExceptionGroup as group:
        first = group.exceptions[0]
        if isinstance(first, EngineError):
            return str(first)
        if isinstance(first, TimeoutError):
            return f"a trial with {attempt.sessions} sessions did not end"
        raise
