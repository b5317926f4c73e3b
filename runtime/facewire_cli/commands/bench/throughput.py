"""`facewire bench throughput`: how many sessions in real time one core, or all, can hold."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from facewire.frame_rate import parse_frame_rate
from facewire.report_file import command_line, today, write_report
from facewire.settings.lookahead import DELAYED_MS
from facewire.stream.engines import load_engine
from facewire_cli import options
from facewire_cli.bench.machine import Machine, describe_machine
from facewire_cli.bench.throughput_load import Drive, Load, Trial
from facewire_cli.bench.throughput_plot import draw, require_matplotlib
from facewire_cli.bench.throughput_search import FIRST_GUESS, Row, measure, processors, search
from facewire_cli.loading import tell_choice
from facewire_cli.running import run
from facewire_cli.usage import finite

EXAMPLES = """
Examples:

    facewire bench throughput

    facewire bench throughput --frame-rate 30 --all-cores --json throughput.json --plot load.png

    facewire bench throughput --engine phones-batched --sessions 40 --seconds 10

    facewire bench throughput --engine phones-batched --backend tensorrt
"""

ENGINES = ["phones", "phones-batched"]
FRAME_RATES = ["60", "30"]


class ThroughputReport(msgspec.Struct, frozen=True):
    """What `--json` writes."""

    date: str
    command: str
    machine: Machine
    lookahead_ms: float
    seconds: float
    drive: Drive
    rows: tuple[Row, ...]


def throughput(
    engine: Annotated[
        list[str] | None,
        typer.Option("--engine", help="Which engine; all that come with Facewire by default."),
    ] = None,
    backend: options.BackendOption = None,
    frame_rate: Annotated[
        list[str] | None,
        typer.Option("--frame-rate", metavar="RATE", help="Frames per second; 60 and 30."),
    ] = None,
    sessions: Annotated[
        list[int] | None,
        typer.Option(
            "--sessions", min=1, max=10_000, help="Try this number only, instead of searching."
        ),
    ] = None,
    seconds: Annotated[
        float,
        typer.Option(
            "--seconds", min=0.5, max=3_600, callback=finite, help="How long each trial is counted."
        ),
    ] = 5.0,
    all_cores: Annotated[
        bool, typer.Option("--all-cores", help="Also a process on every core, besides on one.")
    ] = False,
    threads: Annotated[
        bool,
        typer.Option("--threads", help="Push from a thread for each session, as the server does."),
    ] = False,
    lookahead_ms: options.LookaheadOption = None,
    as_json: options.JsonOption = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            metavar="FILE",
            dir_okay=False,
            callback=options.in_a_folder,
            help="Draw latency by sessions.",
        ),
    ] = None,
) -> None:
    """Find how many paced sessions stay in time: no frame late, p99 under one frame time.

    A number is held if three of five trials are. Nothing else should run on the machine meanwhile.
    """
    if plot:
        require_matplotlib()
    drive: Drive = "threads" if threads else "loop"
    ahead = DELAYED_MS if lookahead_ms is None else lookahead_ms
    trials = [
        Trial(
            options.on_backend(name, backend),
            FIRST_GUESS,
            str(parse_frame_rate(rate)),
            ahead,
            seconds,
            drive=drive,
        )
        for rate in frame_rate or FRAME_RATES
        for name in engine or ENGINES
    ]
    for trial in trials:
        _check(trial)
    machine = describe_machine()
    console = Console()
    console.print(machine.line(), soft_wrap=True)
    cores = [1, len(processors())] if all_cores else [1]
    rows = tuple(
        _row(trial, count, sessions, Console(stderr=True))
        for count in dict.fromkeys(cores)
        for trial in trials
    )
    console.print(throughput_table(rows, every=bool(sessions)))
    if as_json:
        report = ThroughputReport(today(), command_line(), machine, ahead, seconds, drive, rows)
        write_report(as_json, report)
    if plot:
        draw(rows, f"{machine.processor}, look-ahead {ahead:g} ms", plot)


def _check(trial: Trial) -> None:
    """Fail before the first trial if the engine or the stream is impossible."""
    load_engine(trial.engine, tell=tell_choice).session(
        frame_rate=parse_frame_rate(trial.frame_rate), lookahead_ms=trial.lookahead_ms
    ).close()


def _row(trial: Trial, cores: int, sessions: list[int] | None, console: Console) -> Row:
    what = f"{trial.engine}, {trial.frame_rate} frames/s, {cores} core(s)"

    def tell(load: Load, held: bool) -> None:
        console.print(
            f"{what}: {load.sessions} sessions {'held' if held else 'are too many'}"
            f" ({load.late} of {load.frames} frames late)",
            soft_wrap=True,
            highlight=False,
        )

    if sessions:
        return run(measure(trial, sessions, cores))
    return run(search(trial, cores, progress=tell))


def throughput_table(rows: Sequence[Row], *, every: bool) -> Table:
    """Return a table with a row for each search, or for every number of sessions tried."""
    table = Table(box=None, pad_edge=False)
    table.add_column("engine", style="bold")
    names = ("frames/s", "cores", "sessions", "trials held", "p50 ms", "p95 ms", "p99 ms", "max ms")
    for name in (*names, "late", "CPU"):
        table.add_column(name, justify="right")
    for row in rows:
        for load in row.trials if every or not row.best else (row.best,):
            found = load.inference
            figures = (found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms) if found else ()
            table.add_row(
                row.engine,
                row.frame_rate,
                str(row.cores),
                f"{load.sessions}{'' if load.sessions <= row.held else ' (too many)'}",
                f"{row.trials_held} of {row.trials_run}" if load.sessions == row.held else "",
                *(f"{value:.2f}" for value in figures or (float("nan"),) * 4),
                f"{load.late} of {load.frames}",
                f"{100 * load.cpu_share:.0f} %",
            )
    return table
