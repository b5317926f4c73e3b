"""What a stream costs the processor: alone, with and without shared runs of hops, and in batches.

    python benchmarks/session_cost.py --seconds 10

All run in turn on one thread, as fast as they go, at 60 frames a second and 80 ms of look-ahead.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial

from rich.console import Console
from rich.table import Table

from facewire.bench.machine import describe_machine
from facewire.commands.live import demo_clip
from facewire.engine import EngineSession
from facewire.frames import AudioChunk
from facewire.sources.sound_file import SoundFile
from facewire_engines.batched_phones import load_batched
from facewire_engines.phones import HOP, load_embedded

RATE = 16_000
FRAME_RATE = Fraction(60)
BATCHES = (1, 2, 4, 8, 16, 32, 64)
TRIALS = 3
"""The quickest counts: whatever else the machine did made the others slower."""

Push = Callable[[AudioChunk], int]
"""Takes 10 ms for every stream, and returns how many frames that made."""


def chunks(seconds: float) -> Iterator[AudioChunk]:
    """Yield the bundled clip in chunks of one hop, again and again."""
    (clip,) = SoundFile(demo_clip(), RATE, 60 * RATE)
    for number in range(int(seconds * RATE) // HOP):
        place = number * HOP % (len(clip.samples) - HOP)
        yield AudioChunk(clip.samples[place : place + HOP], number * HOP, RATE)


def alone(session: EngineSession) -> Push:
    """Return what pushes to one session."""
    return lambda chunk: len(session.push(chunk))


def batched(streams: int) -> Push:
    """Return what pushes to so many sessions of a batched engine."""
    engine = load_batched(streams)
    sessions = [engine.session(frame_rate=FRAME_RATE) for _ in range(streams)]

    def push(chunk: AudioChunk) -> int:
        answers = engine.push_all([(session, chunk) for session in sessions])
        return sum(len(answer) for answer in answers if not isinstance(answer, Exception))

    return push


def cost_ms(make: Callable[[], Push], seconds: float) -> float:
    """Return the processor's milliseconds for a frame of a stream."""
    costs = []
    for _ in range(TRIALS):
        push, frames = make(), 0
        began = time.process_time()
        for chunk in chunks(seconds):
            frames += push(chunk)
        costs.append((time.process_time() - began) / frames * 1000)
    return min(costs)


def rows(seconds: float) -> Iterator[tuple[str, float]]:
    """Yield what ran, and what it cost."""
    engine = load_embedded()
    each = replace(engine, together=1)
    yield "`phones`", cost_ms(lambda: alone(engine.session(frame_rate=FRAME_RATE)), seconds)
    yield (
        "`phones`, each hop a run of its own",
        cost_ms(lambda: alone(each.session(frame_rate=FRAME_RATE)), seconds),
    )
    for streams in BATCHES:
        label = f"`phones-batched`, {streams} in a run"
        yield (
            label,
            cost_ms(partial(batched, streams), max(seconds / streams**0.5, 0.5)),
        )


def table(found: Sequence[tuple[str, float]]) -> Table:
    """Return the costs, and how much of a core a stream needs."""
    result = Table(box=None, pad_edge=False)
    result.add_column("engine")
    for name in ("ms a frame", "of a core"):
        result.add_column(name, justify="right")
    for label, cost in found:
        result.add_row(label, f"{cost:.3f}", f"{cost * float(FRAME_RATE) / 10:.1f} %")
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="of speech for each")
    options = parser.parse_args()
    machine, console = describe_machine(), Console()
    console.print(f"{machine.processor}, {machine.cores} cores, Python {machine.python}")
    console.print(table(list(rows(options.seconds))))


if __name__ == "__main__":
    main()
