"""A server, a well-behaved client and a hostile one, each a process: how the good one fares."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import msgspec
import numpy as np

from facewire.clock import SECOND, SystemClock
from facewire.errors import FacewireError
from facewire.stream.latency import Percentiles, percentiles
from facewire_cli.bench.hostile_attacks import ATTACKS
from facewire_cli.bench.hostile_victim import Outcome
from facewire_cli.bench.server_process import ServerProcess, Usage

ALONE = "alone"
"""The name of the run without an attack."""
SETTLE_S = 30.0
"""After an attack, until its sockets are closed, at most; then what the server holds is read."""


class Result(msgspec.Struct, frozen=True):
    """How a well-behaved client fared beside an attack."""

    attack: str
    words: str
    expected: int
    """Frames."""
    came: int
    ended: bool
    """Whether its stream ended as it should."""
    behind: Percentiles | None
    """How long after it was due each frame was there; None if none came."""
    before: Usage
    during: Usage
    """When the well-behaved client had all it wanted, and the attack still went on."""
    after: Usage


@contextmanager
def helper(module: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a module of this package as a process, and return when it says that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"facewire_cli.bench.{module}", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        if _stream(process.stdout).readline() != "ready\n":
            raise FacewireError(f"{module} {' '.join(arguments)} does not start")
        yield process
    finally:
        process.kill()
        process.communicate()


def run_attack(server: ServerProcess, attack: str, seconds: float) -> Result:
    """Let a well-behaved client speak beside an attack.

    Args:
        server: whom they are clients of.
        attack: one of `ATTACKS`, or `ALONE` for none.
        seconds: how long the client speaks.

    Raises:
        FacewireError: the server or a client ended early.
    """
    before = server.usage()
    with helper("hostile_victim", server.url, str(seconds)) as victim:
        if attack == ALONE:
            outcome, during = _outcome(victim), server.usage()
        else:
            with helper("hostile_attacks", attack, server.url):
                outcome, during = _outcome(victim), server.usage()
    after = _settled(server, before)
    behind = np.array(outcome.behind_ns, np.int64)
    return Result(
        attack=attack,
        words="nobody" if attack == ALONE else ATTACKS[attack].words,
        expected=outcome.expected,
        came=len(behind),
        ended=outcome.ended,
        behind=percentiles(behind) if len(behind) else None,
        before=before,
        during=during,
        after=after,
    )


def _settled(server: ServerProcess, before: Usage) -> Usage:
    """Return what the server holds once the attacker's sockets are closed."""
    clock = SystemClock()
    until = clock.now() + SETTLE_S * SECOND
    while True:
        time.sleep(0.2)
        usage = server.usage()
        if usage.descriptors <= before.descriptors or clock.now() > until:
            return usage


def _outcome(victim: "subprocess.Popen[str]") -> Outcome:
    """Tell the client to begin, and return what it found."""
    begin = _stream(victim.stdin)
    begin.write("\n")
    begin.flush()
    said = _stream(victim.stdout).readline()
    if not said:
        raise FacewireError("the well-behaved client was not served to the end")
    return msgspec.json.decode(said, type=Outcome)


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None, "it was asked for"
    return stream
