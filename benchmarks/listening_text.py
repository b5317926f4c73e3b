"""What docs/listening-test.md says of its intervals, from the simulated studies."""

from docs_sections import table
from facewire_training.evaluation.listening.coverage import CoverageReport
from facewire_training.evaluation.listening.study import Kind

_NAMES = {Kind.MUSHRA: "all on one screen", Kind.PAIRS: "pairs"}


def intervals(report: CoverageReport) -> str:
    """Return a table of how often the intervals held the truth, and who was left out."""
    rows = [
        [
            _NAMES[run.kind],
            f"{min(run.systems.values()):.1%} to {max(run.systems.values()):.1%}",
            f"{run.differences:.1%}",
            f"{run.ordered:.1%}",
            f"{run.careless_excluded:.0%}",
            f"{run.careful_excluded:.1%}",
        ]
        for run in report.runs
    ]
    header = [
        "", "intervals of a system", "of a difference", "true order", "careless left out",
        "careful left out",
    ]  # fmt: skip
    first = report.runs[0]
    about = (
        f"{first.studies} simulated studies of each kind, {first.raters} raters and "
        f"{first.careless} who answer by chance, {len(first.systems)} systems, {first.sentences} "
        f"sentences: how often intervals of {report.confidence:.0%} hold the truth."
    )
    return f"{about.replace('%', ' %')}\n\n{table(header, rows).replace('%', ' %')}"
