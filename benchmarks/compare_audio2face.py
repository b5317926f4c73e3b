"""What a frame costs, and how many streams one core holds: beside Audio2Face-3D's architecture.

    python benchmarks/compare_audio2face.py --json benchmarks/results/audio2face-cpu.json

Both run in onnxruntime on one thread. Cost is measured apart from real time, as fast as they go and
in turns: one stream against one, and as many in a run against as many. Streams held are those of
`facewire bench throughput`, at 30 frames/s. The peer is rebuilt from its description with random
weights (`peers/audio2face_regression.py`); it is exported afresh, which needs torch.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import msgspec
from rich.console import Console

from facewire.frame_rate import parse_frame_rate
from facewire.report_file import command_line, today, write_report
from facewire_cli.bench.machine import Machine, describe_machine
from facewire_cli.bench.throughput_load import Trial
from facewire_cli.bench.throughput_search import Row, search
from facewire_cli.commands.bench.throughput import throughput_table
from facewire_engines.phones.engine import load_embedded
from peers.audio2face_engine import LOOKAHEAD_MS, PeerBatch, PeerEngine
from session_cost import alone, batched, chunks, in_turns

FRAME_RATE = "30"
OURS = Trial("phones-batched", 64, FRAME_RATE)
BATCH = 8
"""Streams in a run, where costs in a batch are compared."""
COST_S = 1.5
"""Seconds of speech that each network hears for its cost."""


class Cost(msgspec.Struct, frozen=True):
    """Processor milliseconds for a frame of a stream."""

    streams: int
    """In a run."""
    ours_ms: float
    peer_ms: float

    @property
    def ratio(self) -> float:
        """How much more of a processor a frame of the peer's takes."""
        return self.peer_ms / self.ours_ms


class Comparison(msgspec.Struct, frozen=True):
    """What `--json` writes."""

    date: str
    command: str
    machine: Machine
    seconds: float
    ours: Row
    peer: Row
    peer_parameters: int
    lookahead_ms: tuple[float, float]
    """Ours, and the peer's, which is fixed."""
    alone: Cost
    """One stream."""
    batch: Cost
    """`BATCH` streams in a run."""


async def compare(seconds: float) -> Comparison:
    """Export the peer, and search both."""
    from peers.audio2face_regression import Audio2FaceRegression, export_onnx, parameters

    machine = describe_machine()
    ours = await search(msgspec.structs.replace(OURS, seconds=seconds))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "peer.onnx"
        path.write_bytes(export_onnx())
        command = (sys.executable, str(Path(__file__).parent / "peer_load.py"))
        alone, batch = costs(path.read_bytes())
        trial = Trial(str(path), 1, FRAME_RATE, LOOKAHEAD_MS, seconds)
        found = await search(trial, command=command)
    peer = msgspec.structs.replace(found, engine=PeerEngine.name)
    return Comparison(
        date=today(),
        command=command_line(),
        machine=machine,
        seconds=seconds,
        ours=ours,
        peer=peer,
        peer_parameters=parameters(Audio2FaceRegression()),
        lookahead_ms=(OURS.lookahead_ms, LOOKAHEAD_MS),
        alone=alone,
        batch=batch,
    )


def costs(network: bytes) -> tuple[Cost, Cost]:
    """Return what a frame of either costs: one stream alone, and many in a run."""
    rate, engine, model = parse_frame_rate(FRAME_RATE), PeerEngine(network), load_embedded()
    found = in_turns(
        {
            "ours": lambda: alone(model.session(frame_rate=rate)),
            "peer": lambda: PeerBatch(engine.graph, rate, 1).push,
            "ours, batch": lambda: batched(model, BATCH, rate),
            "peer, batch": lambda: PeerBatch(engine.graph, rate, BATCH).push,
        },
        chunks(COST_S),
    )
    return (
        Cost(1, found["ours"], found["peer"]),
        Cost(BATCH, found["ours, batch"], found["peer, batch"]),
    )


def main() -> None:
    """Parse the command line, compare, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each trial")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    arguments = parser.parse_args()
    found = asyncio.run(compare(arguments.seconds))
    console = Console()
    console.print(found.machine.line(), soft_wrap=True)
    console.print(throughput_table((found.ours, found.peer), every=False))
    for cost in (found.alone, found.batch):
        console.print(
            f"{cost.streams} in a run: a frame takes {cost.ours_ms:.2f} ms of a processor, the "
            f"peer's {cost.peer_ms:.2f} ms, {cost.ratio:.0f} times as much",
            soft_wrap=True,
        )
    console.print(f"look-ahead {found.lookahead_ms[0]:g} ms and {found.lookahead_ms[1]:g} ms")
    if arguments.json:
        write_report(arguments.json, found)


if __name__ == "__main__":
    main()
