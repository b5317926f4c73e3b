"""The tables of `facewire bench latency --json`: stages, and first packets."""

from docs_sections import how, table
from facewire_cli.bench.latency_run import LatencyResult
from facewire_cli.bench.request_run import RequestResult, Spread
from facewire_cli.commands.bench.latency import LatencyReport

PERCENTILES = ("p50", "p95", "p99", "max")
_SHORT = ("p50_ms", "p99_ms")


def in_short(report: LatencyReport) -> str:
    """Return a row for each engine: from heard to received, and from spoken to received."""
    rows = [
        [
            f"`{run.engine}`",
            *(f"{getattr(run.stages['heard to received'], part):.1f}" for part in _SHORT),
            *(f"{getattr(run.stages['spoken to received'], part):.1f}" for part in _SHORT),
        ]
        for run in report.runs
    ]
    lookahead = f"spoken to received, with {report.runs[0].lookahead_ms:g} ms of look-ahead, p50"
    return table(["engine (ms)", "heard to received p50", "p99", lookahead, "p99"], rows)


def all_stages(report: LatencyReport) -> str:
    """Return the stages of every engine."""
    parts = [how(report.command, report.date, report.machine)]
    for run in report.runs:
        parts += [f"### Engine `{run.engine}`", _run(run)]
    return "\n\n".join(parts)


def _run(run: LatencyResult) -> str:
    rows = [
        [stage, *(f"{getattr(found, f'{name}_ms'):.2f}" for name in PERCENTILES)]
        for stage, found in run.stages.items()
    ]
    return (
        f"{run.frame_rate} frames/s, look-ahead {run.lookahead_ms:g} ms, chunks of "
        f"{run.chunk_ms:g} ms:\n\n"
        + table(["stage (ms)", *PERCENTILES], rows)
        + f"\n\n{run.received} of {run.frames} frames received, {run.dropped} dropped, "
        f"{run.late} late; real-time factor {run.real_time_factor:.4f}."
    )


def requests_table(report: LatencyReport) -> str:
    """Return first-packet latency and frame rate by engine and recording, and NVIDIA's summary."""
    header = ["engine, recording", "answered", "first message p50", "first frame p50", "p99"]
    header += ["frames/s p1", "p50", "p99"]
    rows = [
        [
            f"`{row.engine}`, {row.seconds} s at {row.sample_rate / 1000:g} kHz",
            f"{row.requests - row.failed} of {row.requests}",
            *_figures(row.first_message_ms, "median"),
            *_figures(row.first_frame_ms, "median", "p99"),
            *_figures(row.frames_per_s, "p1", "median", "p99"),
        ]
        for row in report.requests
    ]
    first = report.requests[0]
    streams = "one at a time" if first.streams == 1 else f"{first.streams} at a time"
    return "\n\n".join(
        (
            how(report.command, report.date, report.machine),
            f"{first.frame_rate} frames/s, look-ahead {first.lookahead_ms:g} ms, {streams}; "
            "latencies in ms:",
            table(header, rows),
            "\n".join(
                _summary(name, report) for name in dict.fromkeys(r.engine for r in report.runs)
            ),
        )
    )


def _figures(found: Spread | None, *names: str) -> list[str]:
    return [f"{getattr(found, name):.1f}" if found else "–" for name in names]


def _summary(engine: str, report: LatencyReport) -> str:
    """Return the three figures that NVIDIA's script writes to its text files."""
    rows: list[RequestResult] = [row for row in report.requests if row.engine == engine]
    frames = [row.first_frame_ms for row in rows if row.first_frame_ms]
    rates = [row.frames_per_s for row in rows if row.frames_per_s]
    if not frames:
        return f"- `{engine}`: no request was answered."
    mean = sum(found.mean for found in frames) / len(frames)
    return (
        f"- `{engine}`: percentile 1 of frames/s {min(found.p1 for found in rates):.0f}; first "
        f"frame, worst case {max(found.p99 for found in frames):.0f} ms, average {mean:.0f} ms."
    )
