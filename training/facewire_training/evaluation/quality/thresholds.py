"""What an embedded model has to reach: in content timing at 80 ms, and live at 20 ms.

Pass or fail, on validation speech; the second model's goals.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from facewire_training.evaluation.quality.figures import BY_KEY, Form, written
from facewire_training.evaluation.quality.report import Report
from facewire_training.evaluation.quality.run import RowScores

JUDGED_MS = 80.0
"""The look-ahead at which content timing is judged."""
JUDGED_LIVE_MS = 20.0
"""The look-ahead at which live timing is judged."""
ENOUGH = 60
"""Of fewer utterances the figures say little."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least that is asked of one figure."""

    key: str
    met: Callable[[float], bool]
    wanted: str


CONTENT: tuple[Threshold, ...] = (
    Threshold("closure", lambda value: value >= 0.97, "at least 97 %"),
    Threshold("luck", lambda value: value <= 0.25, "at most 25 %"),
    Threshold("false_closure", lambda value: value <= 0.01, "at most 1 %"),
    Threshold("rounding_auc", lambda value: value >= 0.95, "at least .95"),
    Threshold("lag_ms", lambda value: abs(value) <= 20, "within 20 ms"),
    Threshold("jitter", lambda value: 70 <= value <= 110, "70 to 110"),
    Threshold("opening_r", lambda value: value >= 0.70, "at least .70"),
    Threshold("roll_f", lambda value: value >= 0.90, "at least 90 %"),
    Threshold("roll_v", lambda value: value >= 0.80, "at least 80 %"),
    Threshold("tongue_th", lambda value: value >= 0.80, "at least 80 %"),
)
LIVE: tuple[Threshold, ...] = (
    Threshold("closure", lambda value: value >= 0.96, "at least 96 %"),
    Threshold("false_closure", lambda value: value <= 0.015, "at most 1.5 %"),
    Threshold("rounding_auc", lambda value: value >= 0.86, "at least .86"),
)


def judge(report: Report) -> Iterator[str]:
    """Yield for each row that is judged how many goals it meets, and which it misses.

    They are asked of speech as it is: where noise was added, nothing is judged.
    """
    if report.noise_db is not None:
        return
    for scores in report.sets:
        for name, row in scores.rows.items():
            yield from _judged(name, row)


def _judged(name: str, row: RowScores) -> Iterator[str]:
    if row.lookahead_ms == JUDGED_MS and "closure" in row.content:
        yield _sentence(name, CONTENT, row.content)
    if row.lookahead_ms == JUDGED_LIVE_MS and row.live and "closure" in row.live:
        yield _sentence(f"{name}, live", LIVE, row.live)


def _sentence(name: str, thresholds: tuple[Threshold, ...], values: Mapping[str, float]) -> str:
    found = [(one, values.get(one.key, math.nan)) for one in thresholds]
    known = [(one, value) for one, value in found if not math.isnan(value)]
    missed = [(one, value) for one, value in known if not one.met(_as_printed(one, value))]
    said = [f"{name}: {len(known) - len(missed)} of {len(known)} goals met"]
    said += [_missed(one, value) for one, value in missed]
    if len(known) < len(found):
        untold = (_heading(one) for one, value in found if math.isnan(value))
        said.append(f"nothing there tells {', '.join(untold)}")
    return "; ".join(said)


def _as_printed(threshold: Threshold, value: float) -> float:
    """Return a value as it stands in the table, so that it and the judgement agree."""
    digits = {Form.SHARE: 3, Form.TWO: 2}.get(BY_KEY[threshold.key].form, 0)
    return round(value, digits)


def _missed(threshold: Threshold, value: float) -> str:
    figure = BY_KEY[threshold.key]
    return f"{_heading(threshold)}: {written(figure, value)}, wanted {threshold.wanted}"


def _heading(threshold: Threshold) -> str:
    return BY_KEY[threshold.key].heading.rstrip(" ↑↓").removeprefix("… ")
