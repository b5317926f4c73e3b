"""Which lines a set's table has, in which sections: the same in a terminal, Markdown and HTML."""

from dataclasses import dataclass

from facewire_training.evaluation.quality.figures import FIGURES, Figure, Group, written
from facewire_training.evaluation.quality.run import SetScores

LIVE = "live timing"


@dataclass(frozen=True, slots=True)
class Section:
    """Lines of the table that belong together."""

    label: str
    lines: tuple[tuple[Figure, tuple[str, ...]], ...]
    """Each figure, and its cells in the order of the systems."""


def shown_figures(scores: SetScores) -> list[Figure]:
    """Return the figures that some system has."""
    return [
        figure
        for figure in FIGURES
        if any(figure.key in row.content for row in scores.rows.values())
    ]


def sections(scores: SetScores, names: list[str]) -> list[Section]:
    """Return the table of some of the systems."""
    shown = shown_figures(scores)
    content = [scores.rows[name].content for name in names]
    live = [scores.rows[name].live or {} for name in names]
    found = []
    for group in Group:
        label = f"against {scores.reference}" if group is Group.TRUTH else group.value
        found.append(_section(label, [f for f in shown if f.group is group], content))
    if any(live):
        found.append(_section(LIVE, [figure for figure in shown if figure.live], live))
    return [section for section in found if section.lines]


def _section(label: str, figures: list[Figure], values: list[dict[str, float]]) -> Section:
    lines = ((f, tuple(written(f, found.get(f.key)) for found in values)) for f in figures)
    return Section(label, tuple(lines))
