"""How far each back-end and precision of this machine is from fp32 in onnxruntime.

    python benchmarks/precisions.py --json benchmarks/results/precisions-cpu.json

Over the golden streams of `facewire engine check`: speech, shouting, noise and vowels. Needs torch
and onnx for the rows of theirs.
"""

import argparse
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from facewire.report_file import command_line, today, write_report
from facewire_cli.bench.machine import Machine, describe_machine
from facewire_engines.checking import check_engines

REFERENCE = "phones@onnx"
OTHERS = {
    "`phones-batched`": "phones-batched@onnx",
    "`torch`, fp32": "phones@torch",
    "fp16 (`torch:fp16`, what a plan computes)": "phones@torch:fp16",
    "bf16 (`torch:bf16`)": "phones@torch:bf16",
    "`onnx:int8`": "phones@onnx:int8",
}


class Difference(msgspec.Struct, frozen=True):
    """How far an engine is from the reference."""

    engine: str
    frames: int
    largest: float
    """Difference of a weight."""
    allowed: float
    lips_changed: float
    """Share of frames in which the lips are closed for one and open for the other."""


class Precisions(msgspec.Struct, frozen=True):
    """What `--json` writes."""

    date: str
    command: str
    machine: Machine
    differences: dict[str, Difference]


def measure() -> Precisions:
    """Compare all of them with the reference.

    Raises:
        FacewireError: one cannot be loaded.
    """
    found = {}
    for name, engine in OTHERS.items():
        parity = check_engines(REFERENCE, engine)
        changed = parity.closure.changed if parity.closure else 0.0
        found[name] = Difference(engine, parity.frames, parity.largest, parity.tolerance, changed)
    return Precisions(today(), command_line(), describe_machine(), found)


def main() -> None:
    """Parse the command line, compare, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args()
    found = measure()
    table = Table("engine", "largest", "allowed", "lips changed", box=None, pad_edge=False)
    for name, row in found.differences.items():
        table.add_row(
            name, f"{row.largest:.1e}", f"{row.allowed:g}", f"{100 * row.lips_changed:.1f} %"
        )
    Console().print(table)
    if options.json:
        write_report(options.json, found)


if __name__ == "__main__":
    main()
