"""The report as tables: in a terminal, and in Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from facewire_training.evaluation.quality.figures import BY_KEY, Form, write_value
from facewire_training.evaluation.quality.table import legend
from facewire_training.evaluation.robustness.conditions import Kind
from facewire_training.evaluation.robustness.report import RobustnessReport, RobustnessRow


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of a part of the table."""

    key: str
    heading: str
    """In as many lines as a terminal needs."""
    form: Form = Form.SHARE
    meaning: str = ""
    """Of a figure that the table of quality does not have."""

    @property
    def legend(self) -> str:
        """What it means, in words."""
        return self.meaning or BY_KEY[self.key].legend


COLUMNS: dict[Kind, tuple[Column, ...]] = {
    Kind.SPEECH: (
        Column("closure", "p b m\nclosed,\n% ↑"),
        Column("closure_m", "m\nclosed,\n% ↑", meaning="the same of m alone"),
        Column("luck", "by\nluck,\n%"),
        Column("false_closure", "vowels\nshut,\n% ↓"),
        Column("rounding_auc", "round-\ning,\nAUC ↑", Form.TWO),
        Column("opening_r", "open-\ning,\nr ↑", Form.TWO),
    ),
    Kind.LEVEL: (
        Column(
            "opening_0_1",
            "0–1 s,\n% ↑",
            meaning="jaw in open vowels so long after the change; 100 is as far as without it",
        ),
        Column("opening_1_2", "1–2 s,\n% ↑", meaning="the same later"),
        Column("opening_2_5", "2–5 s,\n% ↑", meaning="the same later"),
        Column("opening_5_10", "5–10 s,\n% ↑", meaning="the same later"),
    ),
    Kind.SOUND: (
        Column("open", "lips\napart,\n%", meaning="share of what is heard in which lips are apart"),
        Column("rest", "mouth\nat rest,\n%"),
    ),
}
"""By what a condition is measured by."""


def print_report(console: Console, report: RobustnessReport) -> None:
    """Print the tables."""
    for line in (report.command, f"{report.date}, {report.machine}", report.setting):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for kind, columns in COLUMNS.items():
        rows = rows_of(report, kind)
        if rows:
            table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
            table.add_column("", no_wrap=True)
            for column in columns:
                table.add_column(column.heading, justify="right", no_wrap=True)
            for row in rows:
                table.add_row(row.name, *cells(row, columns))
            console.print(Text(f"\n{kind.value}", style="bold"))
            console.print(table)
    console.print(_legend(report))


def markdown(report: RobustnessReport) -> str:
    """Return the tables under a line that says how they were made."""
    parts = [f"`{report.command}`, {report.date}, {report.setting}; {report.machine}."]
    for kind, columns in COLUMNS.items():
        rows = rows_of(report, kind)
        if rows:
            lines = [[kind.value, *(_one_line(column.heading) for column in columns)]]
            lines.append(["---", *["---:"] * len(columns)])
            lines += [[row.name, *cells(row, columns)] for row in rows]
            parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
    return "\n\n".join(parts)


def rows_of(report: RobustnessReport, kind: Kind) -> list[RobustnessRow]:
    """Return the rows of one part of the table."""
    return [row for row in report.rows if row.kind == kind.value]


def cells(row: RobustnessRow, columns: Sequence[Column]) -> list[str]:
    """Return the figures of a row as a person reads them."""
    return [write_value(column.form, row.figures.get(column.key)) for column in columns]


def _legend(report: RobustnessReport) -> RenderableType:
    shown = [columns for kind, columns in COLUMNS.items() if rows_of(report, kind)]
    return legend((_one_line(one.heading), one.legend) for columns in shown for one in columns)


def _one_line(heading: str) -> str:
    return heading.replace("-\n", "").replace("\n", " ")
