"""What docs/engines.md, docs/face.md and docs/connect.md say of cost and precision."""

from docs_sections import how, table
from facewire_cli.commands.bench.latency import LatencyReport
from output_cost import HEADER, OutputCosts, row
from precisions import Precisions
from session_cost import FRAME_RATE, SessionCosts


def session_costs(found: SessionCosts) -> str:
    """Return the table of `session_cost.py`."""
    rows = [
        [name, f"{cost:.3f}", f"{cost * float(FRAME_RATE) / 10:.1f} %"]
        for name, cost in found.costs_ms.items()
    ]
    made = how(found.command, found.date, found.machine)
    return f"{made}\n\n{table(['engine', 'ms a frame', 'of a core'], rows)}"


def face_cost(report: LatencyReport) -> str:
    """Return what the face stage took in `facewire bench latency`."""
    run = report.runs[0]
    face = run.stages["face"]
    return (
        f"In `{report.command}` ({report.date}, {report.machine.processor}) it took "
        f"{face.p50_ms:.2f} ms a frame at the median and {face.p99_ms:.2f} ms at p99."
    )


def precisions_table(found: Precisions) -> str:
    """Return how far every precision is from fp32."""
    frames = next(iter(found.differences.values())).frames
    header = ["", "largest difference of a weight", "allowed", "frames in which lips change"]
    rows = [
        [name, f"{row.largest:.1e}", f"{row.allowed:g}", f"{100 * row.lips_changed:.1f} %"]
        for name, row in found.differences.items()
    ]
    made = how(found.command, found.date, found.machine)
    return f"{made}\n\n{frames} frames:\n\n{table(header, rows)}"


def output_costs(found: OutputCosts) -> str:
    """Return the table of `output_cost.py`."""
    rows = [[f"`{each.output}`", *row(each)] for each in found.costs]
    made = how(found.command, found.date, found.machine)
    return f"{made}\n\n{found.frames} frames, 60 a second:\n\n{table(['output', *HEADER], rows)}"
