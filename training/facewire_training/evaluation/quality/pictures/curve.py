"""What look-ahead buys: quality against milliseconds, in both timings."""

from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from facewire.errors import ConfigError
from facewire_training.evaluation.quality.figures import BY_KEY, Form
from facewire_training.evaluation.quality.figures import Figure as Line
from facewire_training.evaluation.quality.pictures import drawing
from facewire_training.evaluation.quality.run import RowScores, SetScores

WIDTH_IN, HEIGHT_IN = 11.0, 5.4

SHOWN = ("closure", "luck", "false_closure", "rounding_auc", "labial_auc", "lag_ms")


def draw_curve(scores: SetScores) -> Figure:
    """Return the picture of one set: six figures by look-ahead.

    Raises:
        ConfigError: no engine was measured at two look-aheads.
    """
    rows = sorted(_dialled(scores), key=lambda row: row.lookahead_ms or 0.0)
    if len({row.lookahead_ms for row in rows}) < 2 or "closure" not in rows[0].content:
        raise ConfigError(
            "a curve needs speech with phones and one engine at two look-aheads or more; give "
            "--lookahead-ms several times"
        )
    figure = drawing.new_figure(WIDTH_IN, HEIGHT_IN)
    panels = figure.subplots(2, 3)
    for axes, key in zip(panels.ravel(), SHOWN, strict=True):
        _draw(axes, BY_KEY[key], rows, scores.rows.get("volume meter"))
    for axes in panels[-1]:
        axes.set_xlabel("look-ahead, ms", fontsize=9.5, color=drawing.MUTED)
    figure.subplots_adjust(left=0.06, right=0.985, top=0.87, bottom=0.095, hspace=0.5, wspace=0.22)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="upper left", bbox_to_anchor=(0.045, 1.005), ncols=len(labels),
        frameon=False, fontsize=10.5, handlelength=2.2, columnspacing=2.0,
    )  # fmt: skip
    return figure


def _dialled(scores: SetScores) -> Iterable[RowScores]:
    """Return the rows of the first engine that has a dial."""
    named = [(name, row) for name, row in scores.rows.items() if row.lookahead_ms is not None]
    return [row for name, row in named if name.split(" ")[0] == named[0][0].split(" ")[0]]


def _draw(axes: Axes, line: Line, rows: Sequence[RowScores], meter: RowScores | None) -> None:
    scale = 100.0 if line.form is Form.SHARE else 1.0
    if meter is not None:
        for live, style, label in (
            (False, "dotted", "volume meter"),
            (True, "dashdot", "volume meter, live"),
        ):
            at = ((meter.live or {}) if live else meter.content).get(line.key)
            if at is not None:
                axes.axhline(
                    scale * at, color=drawing.BASELINE, linewidth=1.2, linestyle=style, label=label
                )
    for label, style, colour in (
        ("content timing", "solid", drawing.ENGINES[0]),
        ("live timing", "dashed", drawing.ENGINES[1]),
    ):
        live = label.startswith("live")
        seen = [(row.lookahead_ms, (row.live or {}) if live else row.content) for row in rows]
        points = [(ahead, scale * found[line.key]) for ahead, found in seen if line.key in found]
        axes.plot(*zip(*points, strict=True), color=colour, linestyle=style, linewidth=2.0,
                  marker="o", markersize=4.5, label=label)  # fmt: skip
    axes.set_title(line.heading, loc="left", fontsize=11)
    axes.set_xticks([row.lookahead_ms for row in rows if row.lookahead_ms is not None])
    axes.grid(axis="y", color=drawing.LINE, linewidth=0.6)
    drawing.tidy(axes)
