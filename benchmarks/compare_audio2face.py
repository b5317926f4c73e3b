"""Streams at 30 frames/s that one core holds: Facewire beside Audio2Face-3D's architecture.

    python benchmarks/compare_audio2face.py --json benchmarks/results/audio2face-cpu.json

Both run in onnxruntime on one thread of the same core, one after the other, under the same load.
The peer is rebuilt from its description with random weights (`peers/audio2face_regression.py`);
it is exported afresh, which needs torch.
"""

import argparse
import asyncio
import shlex
import sys
import tempfile
from pathlib import Path

import msgspec
from rich.console import Console

from facewire.bench.machine import Machine, describe_machine
from facewire.bench.report_file import today, write_report
from facewire.bench.throughput_load import Trial
from facewire.bench.throughput_search import Row, search
from facewire.commands.bench_throughput import throughput_table
from facewire.frame_rate import parse_frame_rate
from peers.audio2face_engine import LOOKAHEAD_MS, PeerEngine

FRAME_RATE = "30"
OURS = Trial("phones-batched", 64, FRAME_RATE)


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
    frame_ms: tuple[float, float]
    """Processor time of a frame in the fullest trial that was held, load included: ours, theirs."""
    streams_ratio: float
    """How many of our streams a core holds for each of the peer's, which counts as 1 if none is."""
    frame_ratio: float
    """How much more of a processor a frame of the peer's takes."""


async def compare(seconds: float) -> Comparison:
    """Export the peer, and search both."""
    from peers.audio2face_regression import Audio2FaceRegression, export_onnx, parameters

    machine = describe_machine()
    ours = await search(msgspec.structs.replace(OURS, seconds=seconds))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "peer.onnx"
        path.write_bytes(export_onnx())
        command = (sys.executable, str(Path(__file__).parent / "peer_load.py"))
        trial = Trial(str(path), 1, FRAME_RATE, LOOKAHEAD_MS, seconds)
        found = await search(trial, command=command)
    peer = msgspec.structs.replace(found, engine=PeerEngine.name)
    return Comparison(
        date=today(),
        command=shlex.join(["python", "benchmarks/compare_audio2face.py", *sys.argv[1:]]),
        machine=machine,
        seconds=seconds,
        ours=ours,
        peer=peer,
        peer_parameters=parameters(Audio2FaceRegression()),
        lookahead_ms=(OURS.lookahead_ms, LOOKAHEAD_MS),
        frame_ms=(_frame_ms(ours), _frame_ms(peer)),
        streams_ratio=ours.held / max(peer.held, 1),
        frame_ratio=_frame_ms(peer) / _frame_ms(ours),
    )


def _frame_ms(row: Row) -> float:
    """Return the processor time of a frame."""
    load = row.best or row.trials[0]
    return 1000 * load.cpu_share / load.sessions / float(parse_frame_rate(row.frame_rate))


def main() -> None:
    """Parse the command line, compare, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each trial")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    arguments = parser.parse_args()
    found = asyncio.run(compare(arguments.seconds))
    console = Console()
    console.print(f"{found.machine.processor}, {found.machine.cores} cores", soft_wrap=True)
    console.print(throughput_table((found.ours, found.peer), every=False))
    console.print(
        f"{found.streams_ratio:.0f} times as many streams per core; a frame takes "
        f"{found.frame_ms[0]:.2f} and {found.frame_ms[1]:.2f} ms of it, {found.frame_ratio:.0f} "
        "times as much; look-ahead "
        f"{found.lookahead_ms[0]:g} ms and {found.lookahead_ms[1]:g} ms",
        soft_wrap=True,
    )
    if arguments.json:
        write_report(arguments.json, found)


if __name__ == "__main__":
    main()
