"""The five figures of the README, and the hour that docs/deployment.md tells of."""

from compare_audio2face import Comparison
from docs_sections import BUSY
from facewire_cli.bench.machine import Machine
from facewire_cli.commands.bench.latency import LatencyReport
from facewire_cli.commands.bench.throughput import ThroughputReport
from quality_text import QualityReports, lips_of_strangers
from soak import Soak

BESIDE = "docs/latency.md#beside-audio2face-3ds-architecture"


def five_figures(
    latency: LatencyReport,
    throughput: ThroughputReport,
    peer: Comparison,
    quality: QualityReports,
    soak: Soak,
) -> str:
    """Return a row for each figure, with a link to how it was measured, and the machines."""
    run = latency.runs[0]
    heard = run.stages["heard to received"]
    on_one_core = [row for row in throughput.rows if row.cores == 1 and row.frame_rate == "60"]
    most = max(on_one_core, key=lambda row: row.held)
    rows = [
        (
            "[sound heard → face received](docs/latency.md)",
            f"**{heard.p50_ms:.1f} ms** (p99 {heard.p99_ms:.1f}), and {run.lookahead_ms:g} ms of "
            "look-ahead",
            latency.machine,
        ),
        (
            "[live streams on one core](docs/latency.md#sessions-on-one-core)",
            f"**{most.held}** at 60 frames/s (`--engine {most.engine}`)",
            throughput.machine,
        ),
        (
            f"[processor time of a face]({BESIDE})",
            f"**1/{peer.alone.ratio:.0f}** of Audio2Face-3D's network, rebuilt",
            peer.machine,
        ),
        ("[lips, of speakers never heard](docs/quality.md)", lips_of_strangers(quality), None),
        ("[an hour of five streams and uploads](docs/deployment.md#an-hour)", faces(soak), None),
    ]
    lines = [f"| {what} | {figure}{_busy(machine)} |" for what, figure, machine in rows]
    reports = (latency, throughput, peer, soak)
    machines = dict.fromkeys(_described(report.machine) for report in reports)
    lips = quality.test.machine.partition(", Python")[0]
    where = "" if lips in machines else f" (lips on {lips})"
    dates = sorted({report.date for report in (*reports, quality.test)})
    return "\n".join(
        (
            "| what | measured |",
            "| --- | --- |",
            *lines,
            "",
            f"On {' and '.join(machines)}{where}, without a GPU; {' and '.join(dates)}.",
        )
    )


def faces(soak: Soak) -> str:
    """Return how many faces of an hour came."""
    came = sum(session.frames for session in soak.sessions)
    wanted = sum(session.expected for session in soak.sessions)
    return f"**{came:,}** of {wanted:,} faces" + (", exact to the bit" if soak.exact else "")


def hour(soak: Soak) -> str:
    """Return what happened in an hour of live sessions and uploads."""
    worst = max(session.p99_ms for session in soak.sessions)
    drift = max(abs(session.drift_ms_per_hour) for session in soak.sessions)
    return (
        f"`{soak.command}`, {soak.date}, {_described(soak.machine)}: {len(soak.sessions)} live "
        f"sessions for {soak.seconds / 60:g} minutes, and a client that uploaded "
        f"{soak.uploader.recordings} recordings meanwhile. {faces(soak)}; the slowest session's "
        f"p99 was {worst:.0f} ms after its time, and none drifted by more than {drift:.2f} ms. The "
        f"server's memory went from {soak.settled.memory_mb:.1f} to {soak.last.memory_mb:.1f} MB "
        "after the first five minutes."
    )


def _described(machine: Machine) -> str:
    return f"{machine.processor}, {machine.cores} cores, {machine.system}"


def _busy(machine: Machine | None) -> str:
    return " (the machine was busy)" if machine is not None and machine.load > BUSY else ""
