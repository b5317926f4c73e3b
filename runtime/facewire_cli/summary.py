"""What a command says at the end: frames, latency by stage, what was dropped or late."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from facewire.errors import FacewireError
from facewire.stream.latency import Percentiles
from facewire.stream.report import StreamReport
from facewire.stream.sink_queue import SinkQueue


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
    worked = f"; real-time factor {report.real_time_factor:.4f}" if report.busy_ns else ""
    console.print(
        f"{report.frames} frames of {report.audio_s:.2f} s, {dropped} dropped, {report.late} late"
        f"{worked}",
        soft_wrap=True,
    )
    if report.repairs and (repaired := report.repairs.summary()):
        console.print(repaired, style="yellow", soft_wrap=True)
    stages = report.latencies.percentiles()
    if stages:
        console.print(latency_table(stages))
    print_outputs(console, report)


def print_outputs(console: Console, report: StreamReport) -> None:
    """Say which files are whole, and which viewers were left out, and why."""
    for queue in report.written:
        recording = queue.recording
        if recording is None:
            continue
        did = "wrote" if recording.kept else "nothing was recorded into"
        console.print(f"{did} {recording.path}", soft_wrap=True, markup=False, highlight=False)
    recorders = {queue.name for queue in report.queues if queue.recording}
    for name, reason in report.failures.items():
        if name not in recorders:
            console.print(
                f"{name} was left out: {reason}", style="yellow", soft_wrap=True, markup=False
            )


def raise_failures(report: StreamReport) -> None:
    """Fail where a recording is not whole.

    Raises:
        FacewireError: it names each of them, why, and how much of it can be used.
    """
    if broken := report.broken:
        raise FacewireError("; ".join(map(_broken, broken)))


def _broken(queue: SinkQueue[Any]) -> str:
    recording = queue.recording
    assert recording is not None
    if recording.whole and not queue.failure:
        lost = queue.channel.dropped
        return f"{recording.path} lacks {lost} items that came faster than they could be written"
    why = queue.failure or "it was not finished"
    return f"{recording.path} is not whole ({why}): {recording.usable()}"
