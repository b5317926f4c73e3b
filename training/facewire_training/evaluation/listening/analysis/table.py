"""The report in a terminal."""

from rich.console import Console
from rich.table import Table

from facewire_training.evaluation.listening.analysis.report import ListeningReport
from facewire_training.evaluation.listening.study import Kind

_LEAST_P = 0.001


def print_report(console: Console, report: ListeningReport) -> None:
    """Print who rated, a table of systems, a table of their differences, and who was left out."""

    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    say(f"{report.title}: {report.raters} raters, {report.sentences} sentences")
    console.print(systems_table(report))
    console.print(pairs_table(report))
    for note in report.notes:
        say(note)
    say(f"left out: {len(report.excluded)}. Who is: who {'; or '.join(report.rules)}")
    for one in report.excluded:
        say(f"  {one.rater}: {one.why}")


def systems_table(report: ListeningReport) -> Table:
    """Return a table with a row for each system, the best one first."""
    table = Table(box=None, pad_edge=False)
    table.add_column("system", style="bold")
    table.add_column("")
    heads = ("mean", "95 %", "plain mean", "ratings")
    if report.kind is Kind.PAIRS:
        heads = ("chosen, of 100", "95 %", "won, of 100", "choices")
    for head in heads:
        table.add_column(head, justify="right")
    for row in report.systems:
        interval = f"{row.low:.1f} to {row.high:.1f}"
        table.add_row(
            row.name, row.role, f"{row.value:.1f}", interval, f"{row.plain:.1f}", str(row.rated)
        )
    return table


def pairs_table(report: ListeningReport) -> Table:
    """Return a table with a row for each pair of systems, the most different one first."""
    table = Table(box=None, pad_edge=False)
    table.add_column("better", style="bold")
    table.add_column("than")
    by = "by points" if report.kind is Kind.MUSHRA else "chosen, of 100"
    for head in (by, "95 %", "p (Holm)"):
        table.add_column(head, justify="right")
    table.add_column("")
    for row in report.pairs:
        p = f"< {_LEAST_P}" if row.p < _LEAST_P else f"{row.p:.3f}"
        table.add_row(
            row.better, row.other, f"{row.difference:.1f}", f"{row.low:.1f} to {row.high:.1f}", p,
            "" if row.sure else "no difference shown",
        )  # fmt: skip
    return table
