"""When does the mouth open? Event by event, beside the lag of the whole curve (`timing`)."""

from collections.abc import Iterator, Sequence

import numpy as np

from facewire_training.evaluation.metrics.lips.closure import BILABIALS, OPEN_VOWELS
from facewire_training.take import Take

BEFORE_S = 0.15
AFTER_S = 0.30
"""An opening is looked for this long around the moment the vowel begins."""
SMALLEST_RISE = 0.05
"""Of the gap of jawOpen = 1. What rises less has not opened."""


def onset_lag_ms(takes: Sequence[Take], references: Sequence[Take]) -> float:
    """Return by how many ms lips open later than those of references; nan if none opens.

    An opening is an open vowel after silence or p b m. Its moment is where the lip gap, from its
    lowest point on, first passes half of its way up; the result is the median of the differences.
    Openings that one side does not make are left out.

    Raises:
        ValueError: there are not as many references as takes.
    """
    late = [
        1000 * (ours - theirs)
        for take, reference in zip(takes, references, strict=True)
        for start_s in _openings(take)
        if (ours := _opened_s(take, start_s)) is not None
        and (theirs := _opened_s(reference, start_s)) is not None
    ]
    return float(np.median(late)) if late else float("nan")


def _openings(take: Take) -> Iterator[float]:
    for before, vowel in zip(take.phones, take.phones[1:], strict=False):
        if vowel.label in OPEN_VOWELS and before.label in ("sil", *BILABIALS):
            yield vowel.start_s


def _opened_s(take: Take, start_s: float) -> float | None:
    """Return when the gap passes half of its rise around a moment, between frames if need be."""
    rate = float(take.frame_rate)
    around_s = start_s - take.late_s
    first = max(int((around_s - BEFORE_S) * rate), 0)
    gap = take.gap()[first : max(int((around_s + AFTER_S) * rate) + 1, 0)]
    if len(gap) < 2:
        return None
    top = int(gap.argmax())
    bottom = int(gap[: top + 1].argmin())
    if gap[top] - gap[bottom] < SMALLEST_RISE:
        return None
    half = (gap[top] + gap[bottom]) / 2
    above = bottom + int(np.argmax(gap[bottom : top + 1] >= half))
    share = (half - gap[above - 1]) / (gap[above] - gap[above - 1])
    return (first + above - 1 + float(share)) / rate + take.late_s
