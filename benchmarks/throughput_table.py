"""The table and the picture of `facewire bench throughput --json`, and the peer's ratio."""

from compare_audio2face import Comparison
from docs_sections import how, table
from facewire.bench.throughput_search import Row
from facewire.commands.bench_throughput import ThroughputReport

NAMES = {"phones": "session by session", "phones-batched": "in common runs"}
HEADER = ["engine", "frames/s", "cores", "sessions", "p50 ms", "p99 ms", "max ms", "late", "CPU"]


def sessions_table(report: ThroughputReport) -> str:
    """Return how many sessions each engine held."""
    return "\n\n".join(
        (
            how(report.command, report.date, report.machine),
            f"Look-ahead {report.lookahead_ms:g} ms, trials of {report.seconds:g} s; a number of "
            "sessions is held when no frame is late and p99 of inference is under one frame time:",
            table(HEADER, [_row(row) for row in report.rows]),
        )
    )


def _row(row: Row) -> list[str]:
    name = f"`{row.engine}`" + (f", {NAMES[row.engine]}" if row.engine in NAMES else "")
    load = row.best
    if load is None or load.inference is None:
        return [name, row.frame_rate, str(row.cores), "0", *["–"] * 5]
    found = load.inference
    return [
        name,
        row.frame_rate,
        str(row.cores),
        f"**{row.held}**",
        *(f"{value:.2f}" for value in (found.p50_ms, found.p99_ms, found.max_ms)),
        f"{load.late} of {load.frames}",
        f"{100 * load.cpu_share:.0f} %",
    ]


def peer_table(found: Comparison) -> str:
    """Return Facewire beside the rebuilt network."""
    rows = [
        [
            name,
            str(row.held),
            f"{frame_ms:.3f}",
            f"{row.best.inference.p99_ms:.2f}" if row.best and row.best.inference else "–",
            f"{lookahead_ms:g}",
        ]
        for name, row, frame_ms, lookahead_ms in zip(
            ("Facewire", "Audio2Face-3D's architecture"),
            (found.ours, found.peer),
            found.frame_ms,
            found.lookahead_ms,
            strict=True,
        )
    ]
    header = [f"{found.ours.frame_rate} frames/s, one core", "streams held", "CPU ms a frame"]
    network = f"the rebuilt network ({found.peer_parameters / 1e6:.1f} million parameters)"
    ratio = f"**{found.streams_ratio:.0f} times as many streams** on a core as {network}"
    if not found.peer.held:
        ratio = f"{network} held no stream here, and ours {found.ours.held}"
    return "\n\n".join(
        (
            how(found.command, found.date, found.machine),
            table([*header, "p99 of inference, ms", "look-ahead, ms"], rows),
            f"{ratio[:1].upper()}{ratio[1:]}; a frame of its takes {found.frame_ratio:.1f} times "
            "as much of the processor.",
        )
    )
