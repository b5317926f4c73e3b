"""Write the tables of a quality report as Markdown, so that docs are generated and not typed.

python -m facewire_training.evaluation.report_tables quality.json
python -m facewire_training.evaluation.report_tables quality.json --short --into page.md

The report is what `facewire bench quality --json` wrote. With `--into`, the tables replace what
stands between the lines `<!-- table -->` and `<!-- end of table -->` of a file.
"""

from collections.abc import Sequence
from pathlib import Path

from facewire.errors import ConfigError
from facewire_training.command import make_parser, run_command
from facewire_training.evaluation.quality.layout import sections
from facewire_training.evaluation.quality.report import Report, read_report
from facewire_training.evaluation.quality.run import SetScores

BEGIN, END = "<!-- table -->", "<!-- end of table -->"
SHORT = frozenset({
    "closure", "luck", "false_closure", "rounding_auc", "labial_auc", "lag_ms", "jitter",
    "pause_difference",
})  # fmt: skip
"""What `--short` keeps, of the first set."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, and print the tables or put them into a file."""
    parser = make_parser(__doc__)
    parser.add_argument("report", type=Path, help="what --json wrote")
    parser.add_argument("--short", action="store_true", help="few figures, of the first set only")
    parser.add_argument("--into", type=Path, metavar="FILE.md", help="replace the tables there")
    options = parser.parse_args(arguments)
    text = markdown(read_report(options.report), short=options.short)
    if options.into is None:
        print(text)
    else:
        replace_tables(options.into, text)


def markdown(report: Report, *, short: bool = False) -> str:
    """Return the tables of a report, each under a line that says what was measured on."""
    command, when = report.heading()
    kept = report.sets[:1] if short else report.sets
    tables = [f"{scores.name}: {scores.about}.\n\n{_table(scores, short)}" for scores in kept]
    return "\n\n".join([f"`{command}`, {when}.", *tables])


def _table(scores: SetScores, short: bool) -> str:
    names = list(scores.rows)
    lines = [_row(["", *names]), _row(["---", *["---:"] * len(names)])]
    for section in sections(scores, names):
        kept = [line for line in section.lines if not short or line[0].key in SHORT]
        if kept:
            lines.append(_row([f"*{section.label}*", *[""] * len(names)]))
        for figure, cells in kept:
            lines.append(_row([figure.heading, *cells]))
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def replace_tables(path: Path, text: str) -> None:
    """Put the text between the two marks of a file.

    Raises:
        ConfigError: the file cannot be read or written, or lacks a mark.
    """
    try:
        content = path.read_text("utf-8")
        before, begun, rest = content.partition(BEGIN)
        _, ended, after = rest.partition(END)
        if not (begun and ended):
            raise ConfigError(f"{path} lacks the lines {BEGIN} and {END}; add them")
        path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot write into {path}: {error}") from error


if __name__ == "__main__":
    run_command(main)
