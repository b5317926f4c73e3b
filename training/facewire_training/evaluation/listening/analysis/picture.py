"""A picture of the report: each system's estimate with its interval, over its raters' own means."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from facewire.errors import ConfigError
from facewire_training.evaluation.listening.analysis.report import ListeningReport
from facewire_training.evaluation.listening.answers_file import Rating
from facewire_training.evaluation.listening.screens import Part
from facewire_training.evaluation.listening.study import Kind

_INK, _DOTS, _AXIS = "#1a6f7b", "#c8702e", "#8a8d98"


def draw_report(path: Path, report: ListeningReport, ratings: Sequence[Rating]) -> None:
    """Write the picture; its kind follows the file's ending.

    Raises:
        ConfigError: it cannot be written.
    """
    figure = Figure(figsize=(7.2, 1.2 + 0.5 * len(report.systems)), layout="constrained")
    axes = figure.subplots()
    left_out = {one.rater for one in report.excluded}
    own = _means_of_raters([rating for rating in ratings if rating.rater not in left_out])
    for place, row in enumerate(reversed(report.systems)):
        dots = [100 * mean if report.kind is Kind.PAIRS else mean for mean in own[row.name]]
        axes.scatter(
            dots, [place - 0.18] * len(dots), s=14, color=_DOTS, alpha=0.5, linewidths=0, zorder=2
        )
        axes.plot([row.low, row.high], [place + 0.1] * 2, color=_INK, linewidth=4, zorder=3)
        axes.plot(row.value, place + 0.1, "o", color=_INK, markersize=8, zorder=4)
    names = [f"{row.name}\n({row.role})" if row.role else row.name for row in report.systems]
    axes.set_yticks(range(len(names)), list(reversed(names)))
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlim(-1, 101)
    axes.grid(axis="x", color=_AXIS, alpha=0.25)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(_label(report.kind), color="#444")
    axes.set_title(
        f"{report.title}: {report.raters} raters, {report.sentences} sentences",
        loc="left", fontsize=11,
    )  # fmt: skip
    try:
        figure.savefig(path, dpi=150)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot write {path}: {error}") from error


def _label(kind: Kind) -> str:
    if kind is Kind.PAIRS:
        return "chosen beside an average system, of 100 (bar: 95 %; dots: what each rater chose)"
    return "mean rating (bar: 95 % interval; dots: each rater's own mean)"


def _means_of_raters(ratings: Sequence[Rating]) -> dict[str, list[float]]:
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for rating in ratings:
        if rating.part is Part.TEST:
            found[rating.system, rating.rater].append(rating.rating)
    means: dict[str, list[float]] = defaultdict(list)
    for (system, _), values in found.items():
        means[system].append(sum(values) / len(values))
    return means
