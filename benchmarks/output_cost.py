"""What each output costs the processor: the bundled clip's faces, encoded and sent to this machine.

    python benchmarks/output_cost.py --json benchmarks/results/output-cost-cpu.json

Each output is a sink as `facewire live --out` opens it, on one thread; the receiver is a socket
that somebody listens at and nobody reads. The system's own share, of sending, is included.
"""

import argparse
import asyncio
import socket
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from facewire.clock import SystemClock
from facewire.face.stage import make_face
from facewire.frames import AudioChunk, BlendshapeFrame, StreamSpec
from facewire.report_file import command_line, today, write_report
from facewire.sinks.uri import sink_from_uri
from facewire_cli.bench.machine import Machine, describe_machine
from facewire_cli.bench.throughput_load import clip_samples
from facewire_engines.phones.engine import load_embedded

RATE = 16_000
FRAME_RATE = Fraction(60)
OUTPUTS = (
    "livelink://",
    "vmc://?names=vrm0",
    "vmc://?names=perfect-sync",
    "vrchat://?set=v2",
    "vrchat://?set=plain",
    "ifacialmocap://127.0.0.1",
    "osc://127.0.0.1?preset=array",
    "osc://127.0.0.1?preset=arkit-each",
    "osc://127.0.0.1?preset=resonite",
)
TURNS = 5
"""The quickest counts: whatever else the machine did made the others slower."""


class OutputCost(msgspec.Struct, frozen=True):
    """Of one output."""

    output: str
    cost_us: float
    """Processor microseconds for a frame."""
    datagrams: float
    """For a frame, on average."""
    bytes: float
    """For a frame, on average."""


class OutputCosts(msgspec.Struct, frozen=True):
    """What `--json` writes."""

    date: str
    command: str
    machine: Machine
    frames: int
    """Of the clip."""
    costs: list[OutputCost]


def faces(seconds: float) -> tuple[StreamSpec, list[BlendshapeFrame]]:
    """Return the faces of the bundled clip, idle motion included."""
    session = load_embedded().session(frame_rate=FRAME_RATE)
    stage = make_face(session.spec, seed=0)
    samples = clip_samples(RATE)[: round(seconds * RATE)]
    frames = [*session.push(AudioChunk(samples, 0, RATE)), *session.flush()]
    return session.spec, [stage.apply(frame) for frame in frames]


def place(output: str, port: int) -> str:
    """Return the URI with the port of a receiver."""
    scheme, _, rest = output.partition("://")
    host, _, query = rest.partition("?")
    return f"{scheme}://{host or '127.0.0.1'}:{port}{f'?{query}' if query else ''}"


async def cost(output: str, spec: StreamSpec, frames: Sequence[BlendshapeFrame]) -> OutputCost:
    """Measure an output, and count what it sends."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        sink = sink_from_uri(place(output, receiver.getsockname()[1]), clock=SystemClock())
        await sink.open(spec, "benchmark")
        sizes: list[int] = []
        for frame in frames:
            await sink.send(frame)
            sizes += _waiting(receiver)
        quickest = float("inf")
        for _ in range(TURNS):
            began = time.process_time()
            for frame in frames:
                await sink.send(frame)
            quickest = min(quickest, time.process_time() - began)
        await sink.aclose()
    count = len(frames)
    return OutputCost(output, quickest / count * 1e6, len(sizes) / count, sum(sizes) / count)


def _waiting(receiver: socket.socket) -> list[int]:
    sizes: list[int] = []
    while True:
        try:
            sizes.append(len(receiver.recv(65_536)))
        except BlockingIOError:
            return sizes


def measure(seconds: float) -> OutputCosts:
    """Return what each output costs."""
    machine = describe_machine()
    spec, frames = faces(seconds)
    costs = [asyncio.run(cost(output, spec, frames)) for output in OUTPUTS]
    return OutputCosts(today(), command_line(), machine, len(frames), costs)


def row(found: OutputCost) -> list[str]:
    """Return what is printed of an output, and stands in docs/connect.md."""
    share = found.cost_us * float(FRAME_RATE) / 1e4
    sent = f"{found.datagrams:.2f}", f"{found.bytes:.0f}"
    return [f"{found.cost_us:.0f}", f"{share:.2f} %", *sent]


HEADER = ["µs a frame", "of a core", "datagrams", "bytes"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="of the clip, five times")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args()
    console, found = Console(), measure(options.seconds)
    console.print(found.machine.line(), soft_wrap=True)
    result = Table(box=None, pad_edge=False)
    result.add_column("output")
    for name in HEADER:
        result.add_column(name, justify="right")
    for each in found.costs:
        result.add_row(each.output, *row(each))
    console.print(result)
    if options.json:
        write_report(options.json, found)


if __name__ == "__main__":
    main()
