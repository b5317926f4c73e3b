"""`facewire bench latency`: how long each stage takes, from captured audio to a viewer."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from facewire.bench.latency_run import LatencyResult, measure
from facewire.bench.machine import Machine, describe_machine
from facewire.clock import SystemClock
from facewire.commands import options
from facewire.commands.live import CHUNK_SAMPLES, demo_clip
from facewire.commands.running import run
from facewire.commands.summary import latency_table
from facewire.engines import load_engine

EXAMPLES = """
Examples:

    facewire bench latency

    facewire bench latency --input speech.wav --lookahead-ms 40 --json latency.json
"""


class LatencyReport(msgspec.Struct, frozen=True):
    """What `--json` writes."""

    machine: Machine
    result: LatencyResult


def latency(
    recording: Annotated[
        Path | None,
        typer.Option("--input", "-i", metavar="FILE", help="Speech; the bundled clip by default."),
    ] = None,
    chunk: Annotated[
        int, typer.Option("--chunk", min=1, max=16_000, help="Samples of a chunk at 16 kHz.")
    ] = CHUNK_SAMPLES,
    as_json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures here.")
    ] = None,
    frame_rate: options.FrameRateOption = None,
    lookahead_ms: options.LookaheadOption = None,
    engine: options.EngineOption = None,
    idle: options.IdleOption = None,
    settings: options.SettingsOption = None,
) -> None:
    """Play speech in real time to a viewer in another process, and time every stage."""
    chosen = options.with_options(
        settings,
        stream__frame_rate=frame_rate,
        stream__lookahead_ms=lookahead_ms,
        stream__engine=engine,
        face__idle=idle,
    )
    loaded = load_engine(chosen.stream.engine)
    path = recording or Path(demo_clip())
    result = run(measure(loaded, path, chosen, SystemClock(), chunk))
    machine = describe_machine()
    _print(Console(), machine, result)
    if as_json:
        content = msgspec.json.encode(LatencyReport(machine, result))
        as_json.write_bytes(msgspec.json.format(content, indent=1) + b"\n")


def _print(console: Console, machine: Machine, result: LatencyResult) -> None:
    console.print(
        f"{machine.processor}, {machine.cores} cores, {machine.system}, Python {machine.python}, "
        f"Facewire {machine.facewire}",
        soft_wrap=True,
    )
    console.print(
        f"engine {result.engine}, {result.frame_rate} frames/s, look-ahead "
        f"{result.lookahead_ms:g} ms, hop {result.hop_ms:g} ms, chunks of {result.chunk_ms:g} ms",
        soft_wrap=True,
    )
    console.print(latency_table(result.stages))
    console.print(
        f"{result.received} of {result.frames} frames received, {result.dropped} dropped, "
        f"{result.late} late; real-time factor {result.real_time_factor:.4f}",
        soft_wrap=True,
    )
