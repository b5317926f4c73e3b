"""`facewire bench latency`: how long each stage takes, from captured audio to a viewer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from facewire.clock import SystemClock
from facewire.report_file import command_line, today, write_report
from facewire.settings.lookahead import lookahead_of
from facewire.settings.settings import Settings
from facewire.stream.engine import Engine
from facewire.stream.engines import load_engine
from facewire_cli import options
from facewire_cli.bench.latency_run import LatencyResult, measure
from facewire_cli.bench.machine import Machine, describe_machine
from facewire_cli.bench.request_run import RequestResult, Spread, measure_requests
from facewire_cli.demo import demo_clip
from facewire_cli.running import run
from facewire_cli.summary import latency_table

EXAMPLES = """
Examples:

    facewire bench latency

    facewire bench latency --input speech.wav --lookahead-ms 40 --json latency.json

    facewire bench latency --engine phones --engine phones-batched --requests 20 --streams 4

    facewire bench latency --backend onnx --backend tensorrt
"""


class LatencyReport(msgspec.Struct, frozen=True):
    """What `--json` writes."""

    date: str
    command: str
    machine: Machine
    runs: tuple[LatencyResult, ...]
    """By engine."""
    requests: tuple[RequestResult, ...]
    """By engine and clip; empty if none were made."""


@options.choosing("frame_rate", "lookahead_ms", "idle", profile=False)
def latency(
    chosen: options.Chosen,
    recording: Annotated[
        Path | None,
        typer.Option("--input", "-i", metavar="FILE", help="Speech; the bundled clip by default."),
    ] = None,
    chunk: Annotated[
        int, typer.Option("--chunk", min=1, max=16_000, help="Samples of a chunk at 16 kHz.")
    ] = 160,
    requests: Annotated[
        int,
        typer.Option(
            "--requests", min=0, max=1_000, help="Whole recordings to send for each of 6 clips."
        ),
    ] = 5,
    streams: Annotated[
        int, typer.Option("--streams", min=1, max=1_000, help="How many of these at the same time.")
    ] = 1,
    as_json: options.JsonOption = None,
    engine: Annotated[
        list[str] | None,
        typer.Option("--engine", help="Which engine, as for `live`. May be repeated."),
    ] = None,
    backend: Annotated[
        list[str] | None,
        typer.Option("--backend", help="What runs each engine, as for `live`. May be repeated."),
    ] = None,
) -> None:
    """Play speech in real time to a viewer in another process, and time every stage.

    Then send whole recordings, and time the first packet and the frames of each answer.
    """
    settings, path = chosen.settings, recording or Path(demo_clip())
    machine, console = describe_machine(), Console()
    console.print(machine.line(), soft_wrap=True)
    runs: list[LatencyResult] = []
    answered: list[RequestResult] = []
    backends: list[str | None] = [*backend] if backend else [None]
    engines = engine or [settings.stream.engine]
    names = [options.on_backend(name, on) for name in engines for on in backends]
    for name, loaded in [(name, load_engine(name)) for name in dict.fromkeys(names)]:
        found = run(measure(loaded, path, settings, SystemClock(), chunk))
        runs.append(msgspec.structs.replace(found, engine=name))
        _print_run(console, runs[-1])
        if requests:
            rows = _requests(name, loaded, settings, path, requests, streams)
            answered += rows
            console.print(requests_table(rows))
    if as_json:
        report = LatencyReport(today(), command_line(), machine, tuple(runs), tuple(answered))
        write_report(as_json, report)


def _requests(
    name: str, engine: Engine, settings: Settings, path: Path, requests: int, streams: int
) -> list[RequestResult]:
    rows = run(
        measure_requests(
            engine,
            SystemClock(),
            requests=requests,
            streams=streams,
            lookahead_ms=lookahead_of(settings.stream),
            recording=path,
        )
    )
    return [msgspec.structs.replace(row, engine=name) for row in rows]


def _print_run(console: Console, result: LatencyResult) -> None:
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


def requests_table(rows: Sequence[RequestResult]) -> Table:
    """Return a table with a row for each clip."""
    table = Table(box=None, pad_edge=False)
    table.add_column("recording", style="bold")
    for name in ("answered", "first frame p50 ms", "p99 ms", "frames/s p50", "p1"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            f"{row.seconds} s, {row.sample_rate / 1000:g} kHz",
            f"{row.requests - row.failed} of {row.requests}",
            *_figures(row.first_frame_ms, "median", "p99"),
            *_figures(row.frames_per_s, "median", "p1"),
        )
    return table


def _figures(found: Spread | None, *names: str) -> list[str]:
    return [f"{getattr(found, name):.1f}" if found else "–" for name in names]
