"""The table of `facewire bench hostile --json`."""

from docs_sections import how, table
from facewire_cli.bench.hostile_run import Result
from facewire_cli.commands.bench.hostile import HostileReport

HEADER = ["beside", "p50", "p95", "p99", "longest", "frames", "memory", "sockets", "threads"]


def attacks_table(report: HostileReport) -> str:
    """Return what a live session notices of each attack, and what the server holds meanwhile."""
    told = (
        "How long after it was due a frame was there, in ms; memory in MB, sockets and files, and "
        "threads of the server before, beside and after the attack:"
    )
    rows = [_row(result) for result in report.results]
    return f"{how(report.command, report.date, report.machine)}\n\n{told}\n\n{table(HEADER, rows)}"


def _row(result: Result) -> list[str]:
    found = result.behind
    figures = (found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms) if found else ()
    usages = (result.before, result.during, result.after)
    return [
        result.words,
        *([f"{value:.1f}" for value in figures] or ["–"] * 4),
        f"{result.came} of {result.expected}",
        ", ".join(f"{usage.memory_mb:.0f}" for usage in usages),
        ", ".join(str(usage.descriptors) for usage in usages),
        ", ".join(str(usage.threads) for usage in usages),
    ]
