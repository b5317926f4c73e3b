"""Perform excerpts of clips with the systems that pictures and the page show, and write these."""

from collections.abc import Sequence
from pathlib import Path

from facewire_training.evaluation.quality.material import Material
from facewire_training.evaluation.quality.pictures.curve import draw_curve
from facewire_training.evaluation.quality.pictures.drawing import save
from facewire_training.evaluation.quality.pictures.excerpt import Excerpt, choose_excerpt
from facewire_training.evaluation.quality.pictures.page import write_page
from facewire_training.evaluation.quality.pictures.plot import Curve, colour_of, draw_plot
from facewire_training.evaluation.quality.report import Report
from facewire_training.evaluation.quality.request import Request
from facewire_training.evaluation.quality.rows import Row
from facewire_training.evaluation.quality.run import perform
from facewire_training.evaluation.quality.thresholds import JUDGED_MS
from facewire_training.take import Take

PLOT_S = 3.2
"""Seconds that a picture shows."""
PAGE_S = 5.0
"""Seconds of a clip on the page."""


def curves_of(
    excerpt: Excerpt, material: Material, rows: Sequence[Row], request: Request
) -> list[Curve]:
    """Return the true face or the oracle, every baseline, and each engine at two look-aheads."""
    curves: list[Curve] = []
    if excerpt.clip.face is not None:
        curves.append(Curve("true face", excerpt.clip.face, "", true=True))
    engines = baselines = 0
    for row in telling(rows):
        if not row.hears and (curves or not excerpt.clip.utterance.phones):
            continue
        take = perform(row, excerpt.clip, material, request)
        if not row.hears:
            curves.append(Curve("true phones (oracle)", take, "", true=True))
            continue
        dialled = row.lookahead_ms is not None
        curves.append(Curve(row.name, take, colour_of(engines if dialled else baselines, dialled)))
        engines, baselines = engines + dialled, baselines + (not dialled)
    return curves


def telling(rows: Sequence[Row]) -> list[Row]:
    """Return the rows without those look-aheads that say little: the least and the judged stay."""
    dials = sorted({row.lookahead_ms for row in rows if row.lookahead_ms is not None})
    kept = {min(dials), min(dials, key=lambda ahead: abs(ahead - JUDGED_MS))} if dials else set()
    return [row for row in rows if row.lookahead_ms is None or row.lookahead_ms in kept]


def write_plot(
    path: Path, name: str | None, request: Request, material: Material, rows: Sequence[Row]
) -> None:
    """Draw the mouths of a clip, or of the one that has most to show.

    Raises:
        ConfigError: there is no such clip, or the file cannot be written.
    """
    excerpt = choose_excerpt(material.sets, name, PLOT_S)
    curves = curves_of(excerpt, material, rows, request)
    save(draw_plot(excerpt, curves), path)


def write_curve(path: Path, report: Report) -> None:
    """Draw quality against look-ahead, for the first set.

    Raises:
        ConfigError: there was one look-ahead only, or the file cannot be written.
    """
    save(draw_curve(report.sets[0]), path)


def write_side_by_side(
    path: Path,
    name: str | None,
    request: Request,
    material: Material,
    rows: Sequence[Row],
    report: Report,
) -> None:
    """Write the page with the clip, or with one of each set that has most to show.

    Raises:
        ConfigError: there is no such clip, or the file cannot be written.
    """
    sets = [material.sets] if name else [{kind: clips} for kind, clips in material.sets.items()]
    excerpts = [choose_excerpt(some, name, PAGE_S) for some in sets]
    shown = [(e, performances(e, material, rows, request)) for e in excerpts]
    write_page(path, report, shown)


def performances(
    excerpt: Excerpt, material: Material, rows: Sequence[Row], request: Request
) -> list[tuple[str, Take, float]]:
    """Return the clip as every system performs it, and each one's delay in live timing in ms."""
    found: list[tuple[str, Take, float]] = []
    if excerpt.clip.face is not None:
        found.append(("true face", excerpt.clip.face, 0.0))
    for row in rows:
        if row.hears or excerpt.clip.utterance.phones:
            take = perform(row, excerpt.clip, material, request)
            found.append((row.name, take, row.delay_ms or 0.0))
    return found
