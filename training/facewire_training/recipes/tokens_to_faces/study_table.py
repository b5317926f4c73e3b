"""The study's table, as people read it."""

from rich.table import Table

from facewire_training.recipes.tokens_to_faces.study import Row, Study

COLUMNS = {
    "LVE": "{:.3f}",
    "Jitter": "{:.0f}",
    "BCS %": "{:.0f}",
    "guard %": "{:.0f}",
    "closure %": "{:.0f}",
    "by luck %": "{:.0f}",
    "vowels shut %": "{:.1f}",
    "rounding": "{:.2f}",
    "captured gap_r": "{:.2f}",
    "captured gap_amplitude": "{:.2f}",
}
"""Figures of a row, in order, and the form of each."""


def titles() -> list[str]:
    """Return what stands above the columns."""
    return ["encoder", "decoder", "heard", *(name.replace("_", " ") for name in COLUMNS)]


def cells(row: Row) -> list[str]:
    """Return what stands in a row."""
    heard = "whole" if row.lookahead_ms is None else f"{row.lookahead_ms:g} ms"
    figures = [form.format(row.figures[name]) for name, form in COLUMNS.items()]
    return [row.encoder or "-", row.decoder, heard, *figures]


def table(study: Study) -> Table:
    """Return the table."""
    first, second, *others = titles()
    made = Table(first, second, box=None, pad_edge=False)
    for title in others:
        made.add_column(title, justify="right")
    for row in study.rows:
        made.add_row(*cells(row))
    return made
