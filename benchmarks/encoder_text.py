"""How much the embedded model's encoder costs, and how much its decoder does.

Written into docs/quality.md from `results/quality-teacher.json`.
"""

from docs_sections import measured, table
from facewire_training.evaluation.quality.figures import BY_KEY, written
from facewire_training.evaluation.quality.report import Report
from facewire_training.evaluation.quality.run import RowScores

SEEN = (
    "closure", "luck", "false_closure", "closure_short", "teeth_on_lip", "tongue_th", "tongue_l",
    "opening_r", "rounding_auc", "bcs", "jitter", "lag_ms",
)  # fmt: skip


def encoder_and_decoder(report: Report) -> str:
    """Return the table of the model, its decoder on a teacher's rows, and the oracle."""
    rows = sorted(report.sets[0].rows.items(), key=_place)
    header = ["", *(name for name, _ in rows)]
    lines = [
        [BY_KEY[key].heading, *(written(BY_KEY[key], row.content.get(key)) for _, row in rows)]
        for key in SEEN
    ]
    return f"{table(header, lines)}\n\n{measured(report)}"


def _place(row: tuple[str, RowScores]) -> tuple[int, float]:
    """Return where a column stands: the model by its look-aheads, then the teacher, the oracle."""
    name, scores = row
    if scores.lookahead_ms is not None:
        return 0, scores.lookahead_ms
    return (2 if name == "oracle" else 1), 0.0
