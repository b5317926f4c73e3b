"""What a command says at the end: frames, latency by stage, what was dropped or late."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from facewire.errors import FacewireError
from facewire.latency import Percentiles
from facewire.report import StreamReport


def latency_table(stages: Mapping[str, Percentiles], title: str | None = None) -> Table:
    """Return a table with a row for each stage, in milliseconds."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("stage (ms)", style="bold")
    for name in ("p50", "p95", "p99", "max"):
        table.add_column(name, justify="right")
    for stage, found in stages.items():
        figures = (found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms)
        table.add_row(stage, *(f"{value:.2f}" for value in figures))
    return table


def print_report(console: Console, report: StreamReport) -> None:
    """Print the summary of a stream."""
    dropped = sum(report.dropped.values())
    console.print(
        f"{report.frames} frames of {report.audio_s:.2f} s, {dropped} dropped, {report.late} late; "
        f"real-time factor {report.real_time_factor:.4f}",
        soft_wrap=True,
    )
    stages = report.latencies.percentiles()
    if stages:
        console.print(latency_table(stages))
    print_failures(console, report)


def print_failures(console: Console, report: StreamReport) -> None:
    """Say which outputs were left out of a live stream, and why."""
    for name, reason in report.failures.items():
        console.print(f"{name} was left out: {reason}", style="yellow", soft_wrap=True)


def raise_failures(report: StreamReport) -> None:
    """Fail where every output was to be whole.

    Raises:
        FacewireError: one of them was left out.
    """
    if report.failures:
        failures = report.failures.items()
        raise FacewireError(" and ".join(f"{name} failed: {why}" for name, why in failures))
