"""The study's table, as people read it."""

from rich.table import Table

from facewire_training.recipes.tokens_to_faces.study import Row, Study

COLUMNS = {
    "lve": ("LVE", "{:.3f}"),
    "jitter": ("jitter", "{:.0f}"),
    "bcs": ("BCS %", "{:.0f}"),
    "guard": ("guard %", "{:.0f}"),
    "closure": ("closure %", "{:.0f}"),
    "luck": ("by luck %", "{:.0f}"),
    "vowels_shut": ("vowels shut %", "{:.1f}"),
    "rounding": ("rounding", "{:.2f}"),
    "captured_gap_r": ("captured gap r", "{:.2f}"),
    "captured_gap_amplitude": ("its amplitude", "{:.2f}"),
}
"""Figures of a row, in order: title and form."""


def cells(row: Row) -> list[str]:
    """Return what stands in a row."""
    heard = "whole" if row.lookahead_ms is None else f"{row.lookahead_ms:g} ms"
    figures = [form.format(row.figures[name]) for name, (_, form) in COLUMNS.items()]
    return [row.encoder or "-", row.decoder, heard, *figures]


def table(study: Study) -> Table:
    """Return the table."""
    made = Table("encoder", "decoder", "heard", box=None, pad_edge=False)
    for title, _ in COLUMNS.values():
        made.add_column(title, justify="right")
    for row in study.rows:
        made.add_row(*cells(row))
    return made
