"""`facewire bench hostile`: what a well-behaved client notices of those who attack the server."""

from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from facewire.errors import ConfigError
from facewire.report_file import command_line, today, write_report
from facewire.toml_file import hint
from facewire_cli import options
from facewire_cli.bench.hostile_attacks import ATTACKS
from facewire_cli.bench.hostile_run import ALONE, Result, run_attack
from facewire_cli.bench.machine import Machine, describe_machine
from facewire_cli.bench.server_process import serving
from facewire_cli.usage import finite

EXAMPLES = """
Examples:

    facewire bench hostile

    facewire bench hostile --attack pings --attack whole-recordings --seconds 5

    facewire bench hostile --engine phones-batched --json hostile.json
"""


class HostileReport(msgspec.Struct, frozen=True):
    """What `--json` writes."""

    date: str
    command: str
    machine: Machine
    engine: str
    seconds: float
    results: tuple[Result, ...]


def hostile(
    attack: Annotated[
        list[str] | None,
        typer.Option("--attack", help="Which; all by default. May be repeated."),
    ] = None,
    engine: Annotated[str, typer.Option("--engine", help="Which engine, as for `serve`.")] = "",
    seconds: Annotated[
        float,
        typer.Option(
            "--seconds",
            min=0.5,
            max=3_600,
            callback=finite,
            help="How long each attack is watched.",
        ),
    ] = 10.0,
    as_json: options.JsonOption = None,
) -> None:
    """Attack a server of this machine, and time the frames of a live session beside each attack.

    Nothing else should run on the machine meanwhile.
    """
    names = attack or list(ATTACKS)
    for name in names:
        if name not in ATTACKS:
            raise ConfigError(f"there is no attack {name!r}; {hint(name, ATTACKS)}")
    machine, console = describe_machine(), Console()
    results = []
    with serving("serve", *(["--engine", engine] if engine else [])) as server:
        # The first stream of a server is slower than any other.
        run_attack(server, ALONE, 1.0)
        for name in (ALONE, *names):
            results.append(run_attack(server, name, seconds))
            Console(stderr=True).print(f"{results[-1].words}: done", highlight=False)
    console.print(hostile_table(results))
    if as_json:
        report = HostileReport(
            today(), command_line(), machine, engine or "phones", seconds, tuple(results)
        )
        write_report(as_json, report)


def hostile_table(results: list[Result]) -> Table:
    """Return a table with a row for each attack."""
    table = Table(box=None, pad_edge=False)
    table.add_column("beside", style="bold")
    for name in ("p50 ms", "p95 ms", "p99 ms", "max ms", "frames", "MB", "sockets", "threads"):
        table.add_column(name, justify="right")
    for result in results:
        found = result.behind
        figures = (found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms) if found else ()
        usages = (result.before, result.during, result.after)
        table.add_row(
            result.words,
            *(f"{value:.1f}" for value in figures or (float("nan"),) * 4),
            f"{result.came} of {result.expected}",
            " / ".join(f"{usage.memory_mb:.0f}" for usage in usages),
            " / ".join(str(usage.descriptors) for usage in usages),
            " / ".join(str(usage.threads) for usage in usages),
        )
    return table
