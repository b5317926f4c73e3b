"""What `facewire bench quality` does with its options."""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from rich.console import Console

from facewire.optional_dependency import import_optional
from facewire.report_file import command_line, today, write_report
from facewire_training.evaluation.long_work import telling
from facewire_training.evaluation.quality.material import load_material
from facewire_training.evaluation.quality.report import Report
from facewire_training.evaluation.quality.request import Request
from facewire_training.evaluation.quality.rows import make_rows
from facewire_training.evaluation.quality.run import measure
from facewire_training.evaluation.quality.table import print_report
from facewire_training.evaluation.quality.thresholds import ENOUGH, judge


@dataclass(frozen=True, slots=True)
class Outputs:
    """Files to write, besides the table."""

    json: Path | None = None
    plot: Path | None = None
    """A picture of one clip."""
    curve: Path | None = None
    """A picture of quality against look-ahead."""
    html: Path | None = None
    clip: str | None = None
    """Name of the clip of the picture and the page; chosen if None."""


def run(request: Request, outputs: Outputs, machine: str = "") -> None:
    """Measure, print the table, and write what was asked for.

    Args:
        request: what to measure.
        outputs: what to write.
        machine: what this runs on, for the report.

    Raises:
        ConfigError: an option, a folder or a file is wrong.
        EngineError: an engine cannot be loaded.
    """
    pictures = _pictures(outputs)
    console = Console()
    rows = make_rows(
        request.rows,
        request.lookaheads_ms,
        provisional=request.provisional,
        teacher=request.teacher,
    )
    material = load_material(request)
    with telling(console) as tell:
        sets = measure(request, material, rows, tell)
    report = Report(
        command_line(),
        today(),
        str(request.frame_rate),
        request.noise_db,
        tuple(sets),
        machine,
    )
    print_report(console, report)
    judged = list(judge(report))
    if judged:
        few = request.utterances is not None and request.utterances < ENOUGH
        little = f"; fewer utterances than {ENOUGH} say little" if few else ""
        console.print(f"\nGoals of the embedded model (docs/quality.md){little}:", style="bold")
    for sentence in judged:
        console.print(sentence, highlight=False, soft_wrap=True)
    if outputs.json:
        write_report(outputs.json, report)
    if outputs.plot:
        pictures.write_plot(outputs.plot, outputs.clip, request, material, rows)
    if outputs.curve:
        pictures.write_curve(outputs.curve, report)
    if outputs.html:
        pictures.write_side_by_side(outputs.html, outputs.clip, request, material, rows, report)


def _pictures(outputs: Outputs) -> ModuleType:
    """Return the module that draws, and say before measuring what will not work."""
    # Drawing is imported when it is asked for: the table needs no matplotlib.
    if not (outputs.plot or outputs.curve or outputs.html):
        return ModuleType("none")
    return import_optional(
        "facewire_training.evaluation.quality.pictures.pictures",
        "pictures need matplotlib",
        "quality",
    )
