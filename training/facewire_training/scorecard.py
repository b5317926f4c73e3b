"""All metrics of a face that speaks, as one row of a table."""

from collections.abc import Callable, Sequence

from facewire_training.metrics.closure import closure_rate, false_closure_rate, luck_rate
from facewire_training.metrics.labiodental import labiodental_rate
from facewire_training.metrics.openness import gap_auc, jaw_auc, labial_auc
from facewire_training.metrics.rounding import rounding_auc
from facewire_training.metrics.steadiness import jitter, stillness
from facewire_training.metrics.take import Take
from facewire_training.metrics.timing import gap_lag_ms

Metric = Callable[[Sequence[Take]], float]

METRICS: dict[str, Metric] = {
    "closure": closure_rate,
    "luck": luck_rate,
    "false_closure": false_closure_rate,
    "teeth_on_lip": labiodental_rate,
    "gap_auc": gap_auc,
    "labial_auc": labial_auc,
    "jaw_auc": jaw_auc,
    "rounding_auc": rounding_auc,
    "jitter": jitter,
    "stillness": stillness,
}
"""What is measured on takes alone; `lag_ms` is added against references."""

_SHARES = ("closure", "luck", "false_closure", "teeth_on_lip")

CLOSURE_BAR = 0.70
FALSE_CLOSURE_BAR = 0.05
GAP_AUC_BAR = 0.10


def score(takes: Sequence[Take], references: Sequence[Take]) -> dict[str, float]:
    """Return every metric of the takes by name, and their lag behind the references."""
    values = {name: metric(takes) for name, metric in METRICS.items()}
    return values | {"lag_ms": gap_lag_ms(takes, references)}


def cells(values: dict[str, float]) -> list[str]:
    """Return the values as a person reads them."""
    return [_cell(name, value) for name, value in values.items()]


def _cell(name: str, value: float) -> str:
    if name in _SHARES:
        return f"{100 * value:.1f} %"
    if name == "lag_ms":
        return f"{value:+.0f}"
    if name == "jitter":
        return f"{value:.0f}"
    return f"{value:.3f}"


def verdict(values: dict[str, float], oracle: dict[str, float]) -> dict[str, bool]:
    """Return which of the bars of the embedded model are met, by a sentence that names the bar."""
    return {
        f"lips meet in at least {100 * CLOSURE_BAR:.0f} % of p b m": values["closure"]
        >= CLOSURE_BAR,
        f"lips are shut in at most {100 * FALSE_CLOSURE_BAR:.0f} % of open vowels": values[
            "false_closure"
        ]
        <= FALSE_CLOSURE_BAR,
        f"gap AUC is within {GAP_AUC_BAR:.2f} of the oracle's": values["gap_auc"]
        >= oracle["gap_auc"] - GAP_AUC_BAR,
    }
