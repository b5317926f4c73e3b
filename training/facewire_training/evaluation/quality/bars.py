"""What an embedded model has to reach, in content timing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from facewire_training.evaluation.quality.figures import BY_KEY, written
from facewire_training.evaluation.quality.report import Report

JUDGED_MS = 80.0
"""The look-ahead that is judged by all bars."""


@dataclass(frozen=True, slots=True)
class Bar:
    """The least that is asked of one figure."""

    key: str
    met: Callable[[float], bool]
    wanted: str


BARS: dict[float, tuple[Bar, ...]] = {
    JUDGED_MS: (
        Bar("closure", lambda value: value >= 0.85, "at least 85 %"),
        Bar("luck", lambda value: value <= 0.30, "at most 30 %"),
        Bar("false_closure", lambda value: value <= 0.02, "at most 2 %"),
        Bar("rounding_auc", lambda value: value >= 0.80, "at least .80"),
        Bar("labial_auc", lambda value: value >= 0.85, "at least .85"),
        Bar("lag_ms", lambda value: abs(value) <= 20, "within 20 ms"),
        Bar("jitter", lambda value: 60 <= value <= 110, "60 to 110"),
        Bar("pause_difference", lambda value: value < 0.0015, "below .0015"),
    ),
    0.0: (Bar("closure", lambda value: value >= 0.70, "at least 70 %"),),
}
"""By look-ahead in ms."""


def judge(report: Report) -> Iterator[str]:
    """Yield a sentence for each row that has bars: how many it meets, and which it misses."""
    for scores in report.sets:
        for name, row in scores.rows.items():
            if row.lookahead_ms not in BARS or "closure" not in row.content:
                continue
            bars = BARS[row.lookahead_ms]
            missed = [bar for bar in bars if not bar.met(row.content.get(bar.key, float("nan")))]
            said = "; ".join(_missed(bar, row.content.get(bar.key)) for bar in missed)
            yield f"{name}: {len(bars) - len(missed)} of {len(bars)} bars met" + (
                f"; {said}" if missed else ""
            )


def _missed(bar: Bar, value: float | None) -> str:
    figure = BY_KEY[bar.key]
    return f"{figure.heading.rstrip(' ↑↓')}: {written(figure, value)}, wanted {bar.wanted}"
