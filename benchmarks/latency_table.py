"""Write the table of a latency report as Markdown, so that docs are generated and not typed.

    python benchmarks/latency_table.py benchmarks/results/latency.json README.md docs/latency.md

The report is what `facewire bench latency --json` wrote. The table replaces what stands between the
lines `<!-- latency -->` and `<!-- end of latency -->` of each file.
"""

import argparse
from pathlib import Path

import msgspec

from facewire.commands.bench_latency import LatencyReport

BEGIN, END = "<!-- latency -->", "<!-- end of latency -->"


def table(report: LatencyReport) -> str:
    """Return the report as a sentence about the machine, a table, and a sentence about losses."""
    machine, result = report.machine, report.result
    lines = [
        f"{machine.processor}, {machine.cores} cores, {machine.system}, Python {machine.python}; "
        f"{result.frame_rate} frames/s, look-ahead {result.lookahead_ms:g} ms, chunks of "
        f"{result.chunk_ms:g} ms.",
        "",
        "| stage (ms) | p50 | p95 | p99 | max |",
        "|---|---:|---:|---:|---:|",
    ]
    for stage, found in result.stages.items():
        figures = (found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms)
        lines.append(f"| {stage} | {' | '.join(f'{value:.2f}' for value in figures)} |")
    lines += [
        "",
        f"{result.received} of {result.frames} frames received, {result.dropped} dropped, "
        f"{result.late} late; real-time factor {result.real_time_factor:.4f}.",
    ]
    return "\n".join(lines)


def put(path: Path, text: str) -> None:
    """Put the text between the marks of a file.

    Raises:
        ValueError: the file has no such marks.
    """
    content = path.read_text(encoding="utf-8")
    before, _, rest = content.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"{path} has no lines {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Parse the command line and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("report", type=Path, help="what --json wrote")
    parser.add_argument("into", type=Path, nargs="*", help="Markdown files; none prints the table")
    arguments = parser.parse_args()
    report = msgspec.json.decode(arguments.report.read_bytes(), type=LatencyReport)
    for path in arguments.into:
        put(path, table(report))
    if not arguments.into:
        print(table(report))


if __name__ == "__main__":
    main()
