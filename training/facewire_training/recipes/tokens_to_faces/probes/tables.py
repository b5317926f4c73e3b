"""Probes as tables that a person reads."""

from rich.console import Console
from rich.table import Table

from facewire_training.recipes.tokens_to_faces.probes.report import LevelProbe, ProbeReport, Probes


def print_report(report: ProbeReport, console: Console) -> None:
    """Print the figures of a report."""
    console.print(
        f"{report.encoder} ({report.family}, {report.rate} rows a second), {report.shard}: "
        f"{report.probes.rows} rows in {report.probes.streams} streams; "
        f"classes of {report.fitted_on}"
    )
    shown = {"true": report.probes}
    if report.as_published is not None:
        shown["as published"] = report.as_published
    for table in (_entropies(shown), _ridges(shown), _from_faces(shown)):
        console.print(table)


def _entropies(shown: dict[str, Probes]) -> Table:
    table = Table(
        *("level", "tells of", "faces", "H by token, %", "H, bits", "H corrected"),
        *("I corrected", "I by chance", "purity, %"),
        title="what a token tells",
    )
    for which, probes in shown.items():
        for level in probes.levels:
            kinds = (("phone", level.phone), ("viseme", level.viseme), ("face", level.face))
            for name, told in kinds:
                bits = (told.bits, told.corrected_bits, told.corrected_mutual_bits)
                table.add_row(
                    *(level.level, name, which, _percent(told.by_token)),
                    *(f"{value:.2f}" for value in (*bits, told.chance_bits)),
                    f"{100 * told.purity:.1f}",
                )
    return table


def _ridges(shown: dict[str, Probes]) -> Table:
    table = Table(
        *("level", "rows", "faces", "R2", "R2 median", "on training", "median there", "back"),
        title="ridge regression: from speech to each blendshape, and back",
    )
    for which, probes in shown.items():
        for level in probes.levels:
            for context, r2 in level.faces.items():
                found = (r2.overall, r2.median, r2.training_overall, r2.training_median)
                table.add_row(
                    *(level.level, f"±{context}", which),
                    *(f"{value:.3f}" for value in found),
                    _back(level, context),
                )
    return table


def _back(level: LevelProbe, context: str) -> str:
    if level.back is None:
        return "–"
    if context in level.back.accuracy:
        return f"{100 * level.back.accuracy[context]:.1f} % right"
    return f"R2 {level.back.r2[context]:.3f}"


def _from_faces(shown: dict[str, Probes]) -> Table:
    table = Table("from a face", "faces", "±0, %", "±2, %", "the commonest, %")
    for which, probes in shown.items():
        for name, found, commonest in (
            ("phone", probes.phone_from_face, probes.phone_commonest),
            ("viseme", probes.viseme_from_face, probes.viseme_commonest),
        ):
            shares = (*found.values(), commonest)
            table.add_row(name, which, *(f"{100 * share:.1f}" for share in shares))
    return table


def _percent(share: float | None) -> str:
    """Return a share as it is printed; what was read from a file may have none."""
    return "nan" if share is None else f"{100 * share:.1f}"
