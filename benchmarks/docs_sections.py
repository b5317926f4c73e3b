"""Parts of Markdown files that programs write, between two lines with their name."""

from pathlib import Path

from facewire_cli.bench.machine import Machine
from facewire_training.evaluation.quality.report import Report

BUSY = 0.75
"""Programs a core that want to run; `make bench` itself is one on two cores."""


def put(path: Path, name: str, text: str) -> None:
    """Put a text between the lines `<!-- name -->` and `<!-- end of name -->` of a file.

    Raises:
        ValueError: the file has no such marks.
    """
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    content = path.read_text(encoding="utf-8")
    before, _, rest = content.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{path} has no lines {begin} and {end}")
    path.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table whose columns but the first stand on the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def measured(report: Report) -> str:
    """Return the sentence below a table of the first set of a report: on whom, how, when."""
    command, when = report.heading()
    return f"{report.sets[0].name}: {report.sets[0].about}; `{command}`, {when}."


def how(command: str, date: str, machine: Machine) -> str:
    """Return the sentence that stands above every table: command, date, machine, versions."""
    versions = [f"Python {machine.python}", f"Facewire {machine.facewire}"]
    versions += [f"{name} {version}" for name, version in machine.libraries.items()]
    busy = (
        f"\n\n**The machine was busy (load {machine.load:.1f} a core), so these figures say "
        "little: run `make bench` on one that does nothing else.**"
    )
    return (
        f"`{command}`, {date}: {machine.processor}, {machine.cores} cores, {machine.system}, "
        f"{', '.join(versions)}.{busy if machine.load > BUSY else ''}"
    )
