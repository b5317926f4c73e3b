"""The table and the picture of `facewire bench throughput --json`, and the peer's ratio."""

from compare_audio2face import Comparison
from docs_sections import how, table
from facewire_cli.bench.throughput_search import Row
from facewire_cli.commands.bench.throughput import ThroughputReport
from gpu_run import Report as GpuReport

NAMES = {"phones": "session by session", "phones-batched": "in common runs"}
HEADER = ["engine", "frames/s", "cores", "sessions", "trials held", "p50 ms", "p99 ms", "max ms"]
HEADER += ["late", "CPU"]


def sessions_table(report: ThroughputReport) -> str:
    """Return how many sessions each engine held."""
    return "\n\n".join(
        (
            how(report.command, report.date, report.machine),
            f"Look-ahead {report.lookahead_ms:g} ms, trials of {report.seconds:g} s. A trial holds "
            "when no frame is late and p99 of inference is under one frame time, a number of "
            "sessions when at least three of five trials do; the times are those of the median "
            "trial:",
            table(HEADER, [_row(row) for row in report.rows]),
        )
    )


def _row(row: Row) -> list[str]:
    name = f"`{row.engine}`" + (f", {NAMES[row.engine]}" if row.engine in NAMES else "")
    load = row.best
    if load is None or load.inference is None:
        return [name, row.frame_rate, str(row.cores), "0", *["–"] * 6]
    found = load.inference
    return [
        name,
        row.frame_rate,
        str(row.cores),
        f"**{row.held}**",
        f"{row.trials_held} of {row.trials_run}",
        *(f"{value:.2f}" for value in (found.p50_ms, found.p99_ms, found.max_ms)),
        f"{load.late} of {load.frames}",
        f"{100 * load.cpu_share:.0f} %",
    ]


def gpu_table(report: GpuReport) -> str:
    """Return what `gpu_run.py` found: agreement, training, every trial of sessions, the rest."""
    agreed = "; ".join(
        f"`{engine}` is at most {found.largest:.1e} from the model on the processor"
        for engine, found in report.agreements.items()
    )
    rows = [
        [
            f"`{row.engine}`",
            str(load.sessions),
            *(f"{value:.2f}" for value in (load.inference.p50_ms, load.inference.p99_ms)),
            f"{load.late} of {load.frames}",
            f"{100 * load.cpu_share:.0f} %",
        ]
        for row in report.rows
        for load in row.trials
        if load.inference is not None
    ]
    where = f"On one {report.gpu.name}" if report.gpu else "On the processor, without a GPU"
    parts = [
        how(report.command, report.date, report.machine),
        f"{where}. Weights: {agreed}.",
        *_training(report),
        table(["engine", "sessions", "p50 ms", "p99 ms", "late", "CPU"], rows),
    ]
    if report.left_out:
        listed = "; ".join(f"{what}: {why}" for what, why in report.left_out.items())
        parts.append(f"Left out: {listed}.")
    return "\n\n".join(parts)


def _training(report: GpuReport) -> list[str]:
    """Return what a training did, if there was one."""
    found = report.training
    if found is None:
        return []
    return [
        f"Training: the Transformer, size `{found.preset}`, took {found.steps_per_s:.2f} batches/s "
        f"of {found.windows} windows each."
    ]


def peer_table(found: Comparison) -> str:
    """Return Facewire beside the rebuilt network."""
    batch = f"{found.batch.streams} in a run"
    header = ["30 frames/s, one core", "CPU ms a frame, alone", f"CPU ms a frame, {batch}"]
    header += ["streams held", "trials held", "look-ahead, ms"]
    network = f"the rebuilt network, {found.peer_parameters / 1e6:.1f} million parameters"
    rows = [
        ["Facewire", f"{found.alone.ours_ms:.3f}", f"{found.batch.ours_ms:.3f}"],
        [network, f"{found.alone.peer_ms:.3f}", f"{found.batch.peer_ms:.3f}"],
    ]
    for row, held, lookahead_ms in zip(
        rows, (found.ours, found.peer), found.lookahead_ms, strict=True
    ):
        tried = f"{held.trials_held} of {held.trials_run}" if held.held else "–"
        row += [str(held.held), tried, f"{lookahead_ms:g}"]
    return "\n\n".join(
        (
            how(found.command, found.date, found.machine),
            table(header, rows),
            f"A frame of the rebuilt network takes {found.alone.ratio:.0f} times as much of the "
            f"processor alone, and {found.batch.ratio:.0f} times as much with {batch}.",
        )
    )
