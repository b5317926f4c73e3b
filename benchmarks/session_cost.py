"""What a stream costs the processor: alone, with and without shared runs of hops, and in batches.

    python benchmarks/session_cost.py --json benchmarks/results/session-cost-cpu.json

All run in turn on one thread, as fast as they go, at 60 frames a second and 80 ms of look-ahead.
"""

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from facewire.clock import SystemClock
from facewire.frames import AudioChunk
from facewire.report_file import command_line, today, write_report
from facewire.stream.engine import EngineSession
from facewire_cli.bench.machine import Machine, describe_machine
from facewire_cli.bench.throughput_load import clip_samples
from facewire_engines.phones.batched import BatchedPhonesEngine
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_engines.phones.geometry import HOP

RATE = 16_000
FRAME_RATE = Fraction(60)
BATCHES = (1, 2, 4, 8, 16, 32, 64)
TURNS = 5
"""The quickest counts: whatever else the machine did made the others slower."""

Push = Callable[[AudioChunk], int]
"""Takes 10 ms for every stream, and returns how many frames that made."""


def chunks(seconds: float) -> list[AudioChunk]:
    """Return the bundled clip in chunks of one hop, again and again."""
    count = int(seconds * RATE) // HOP
    samples = np.resize(clip_samples(RATE), count * HOP)
    return [AudioChunk(samples[n * HOP :][:HOP], n * HOP, RATE) for n in range(count)]


def alone(session: EngineSession) -> Push:
    """Return what pushes to one session."""
    return lambda chunk: len(session.push(chunk))


def batched(model: PhonesEngine, streams: int, frame_rate: Fraction = FRAME_RATE) -> Push:
    """Return what pushes to so many sessions of a batched engine."""
    engine = BatchedPhonesEngine(model, SystemClock(), capacity=streams)
    sessions = [engine.session(frame_rate=frame_rate) for _ in range(streams)]

    def push(chunk: AudioChunk) -> int:
        answers = engine.push_all([(session, chunk) for session in sessions])
        return sum(len(answer) for answer in answers if not isinstance(answer, Exception))

    return push


def cost_ms(push: Push, speech: Sequence[AudioChunk]) -> float:
    """Return the processor's milliseconds for a frame of a stream."""
    began = time.process_time()
    frames = sum(push(chunk) for chunk in speech)
    return (time.process_time() - began) / frames * 1000


def in_turns(
    makes: Mapping[str, Callable[[], Push]], speech: Sequence[AudioChunk]
) -> dict[str, float]:
    """Return what each costs; they take turns, so that all meet the same moods of the machine."""
    rounds = [{name: cost_ms(make(), speech) for name, make in makes.items()} for _ in range(TURNS)]
    return {name: min(found[name] for found in rounds) for name in makes}


def candidates() -> dict[str, Callable[[], Push]]:
    """Return what opens the sessions that are compared, by what they are called."""
    engine = load_embedded()
    each = replace(engine, together=1)
    return {
        "`phones`": lambda: alone(engine.session(frame_rate=FRAME_RATE)),
        "`phones`, each hop a run of its own": lambda: alone(each.session(frame_rate=FRAME_RATE)),
        **{
            f"`phones-batched`, {streams} in a run": partial(batched, engine, streams)
            for streams in BATCHES
        },
    }


class SessionCosts(msgspec.Struct, frozen=True):
    """What `--json` writes."""

    date: str
    command: str
    machine: Machine
    costs_ms: dict[str, float]
    """Processor milliseconds for a frame of a stream, by engine."""


def measure(seconds: float) -> SessionCosts:
    """Return what each of the candidates costs."""
    machine, costs = describe_machine(), in_turns(candidates(), chunks(seconds))
    return SessionCosts(today(), command_line(), machine, costs)


def table(costs: Mapping[str, float]) -> Table:
    """Return the costs, and how much of a core a stream needs."""
    result = Table(box=None, pad_edge=False)
    result.add_column("engine")
    for name in ("ms a frame", "of a core"):
        result.add_column(name, justify="right")
    for label, cost in costs.items():
        result.add_row(label, f"{cost:.3f}", f"{cost * float(FRAME_RATE) / 10:.1f} %")
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="of speech for each, five times")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args()
    console, found = Console(), measure(options.seconds)
    console.print(found.machine.line(), soft_wrap=True)
    console.print(table(found.costs_ms))
    if options.json:
        write_report(options.json, found)


if __name__ == "__main__":
    main()
