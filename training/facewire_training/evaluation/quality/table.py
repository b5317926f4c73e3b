"""The report in a terminal: a line for each figure, a column for each system."""

from collections.abc import Iterable

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from facewire_training.evaluation.quality.figures import FIGURES
from facewire_training.evaluation.quality.layout import sections, shown_figures
from facewire_training.evaluation.quality.report import Report
from facewire_training.evaluation.quality.run import SetScores

_COLUMN = 8
"""Characters of a system's column, with its gap: an engine's name is usually this short."""


def print_report(console: Console, report: Report) -> None:
    """Print all tables, as wide as the console allows, and what the figures mean."""
    for line in report.heading():
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for scores in report.sets:
        console.print()
        console.print(set_table(scores, console.width))
    console.print(_legend(report))


def set_table(scores: SetScores, width: int) -> RenderableType:
    """Return the table of one set, in as many pieces as the width needs."""
    names = list(scores.rows)
    title = Text(f"{scores.name}: {scores.about}", style="bold")
    if not names:
        return Group(title, Text("  none of the rows that were asked for can be measured here"))
    wanted = max(_COLUMN, 2 + max(len(part) for name in names for part in _lines(name)))
    first = max(len(figure.heading) for figure in shown_figures(scores))
    room = width - 3 - first
    at_once = max(room // wanted, 1)
    pieces = [_piece(scores, names[at : at + at_once]) for at in range(0, len(names), at_once)]
    return Group(title, *pieces)


def _piece(scores: SetScores, names: list[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for name in names:
        table.add_column("\n".join(_lines(name)), justify="right", no_wrap=True)
    for section in sections(scores, names):
        table.add_row(Text(section.label, style="italic"))
        for figure, cells in section.lines:
            table.add_row(figure.heading, *cells)
    return table


def _lines(name: str) -> list[str]:
    """Return a name on two lines, broken at its first space."""
    return name.split(" ", 1)


def legend(lines: Iterable[tuple[str, str]]) -> RenderableType:
    """Return headings and what they mean, to stand below a table."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), style="dim", show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for heading, meaning in lines:
        table.add_row(heading, meaning)
    return table


def _legend(report: Report) -> RenderableType:
    keys = {key for scores in report.sets for row in scores.rows.values() for key in row.content}
    lines = [(figure.heading, figure.legend) for figure in FIGURES if figure.key in keys]
    live = ("live timing", "a frame stands where it became available: look-ahead and hop")
    return legend([*lines, live])
