"""Tokens from what was heard and what is known of its times: the client's phones where they fit."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facewire.speaking.alignment.marks import Mark, MarkSpan, TimedSound
from facewire_engines.phones.alignment.path import FLOOR, Place, best_path, scores
from facewire_engines.phones.alignment.units import Pronounce, Unit, units_of
from facewire_engines.phones.phone_set import TOKEN_RATE

Floats = NDArray[np.float32]

MISFIT = -2.0
"""A mark whose tokens are on average this much less likely than what is heard most probably, as
a log-likelihood, is not said there: of right words one in a hundred is, of wrong ones most are."""
REMEMBERED = 40
"""Tokens: so long a stretch of sounds is judged together, as one that nobody hears may be right."""
AROUND_S = 1.0
"""Marks that begin this long before or after some tokens may be said in them."""


@dataclass(frozen=True, slots=True)
class _Came:
    """Where the path was last: units are made anew for each stretch."""

    of: Mark | None
    part: int
    run: int
    fit: float
    """The sum of how well the mark's tokens fitted."""
    tokens: int
    """How many those were."""


class Aligner:
    """Of one turn. Used by one thread at a time."""

    def __init__(self, pronounce: Pronounce) -> None:
        """Begin with nothing known; `pronounce` knows the sounds of words."""
        self._pronounce = pronounce
        self._spans: Sequence[MarkSpan] = ()
        self._starts: list[float] = []
        self._ends: list[float] = []
        self._done = 0
        self._came: _Came | None = None

    def align(self, spans: Sequence[MarkSpan]) -> None:
        """Learn all that is known by now, for tokens that are still to come."""
        self._spans = spans
        self._starts = [span.start_s for span in spans]
        self._ends = [span.end_s for span in spans]

    def take(self, heard: Floats) -> Floats:
        """Return what is said, [T, C], from the probabilities that were heard next, [T, C]."""
        spans = self._near(len(heard))
        first, self._done = self._done, self._done + len(heard)
        if not spans or not len(heard):
            self._came = None
            return heard
        units = units_of(spans, self._pronounce)
        places = best_path(scores(heard, units, first), units, self._place(units))
        return self._tokens(heard, [units[place.unit] for place in places], places[-1].run)

    def _near(self, count: int) -> Sequence[MarkSpan]:
        """Return the marks that may be said in the next tokens, and the one that is being said."""
        first = bisect_left(self._ends, self._done / TOKEN_RATE - AROUND_S)
        last = bisect_right(self._starts, (self._done + count) / TOKEN_RATE + AROUND_S)
        return self._spans[max(first - 1, 0) : last]

    def _place(self, units: Sequence[Unit]) -> Place | None:
        """Return where the path was, among these units."""
        came = self._came
        if came is None:
            return None
        for index, unit in enumerate(units):
            if unit.part == came.part and unit.of == came.of:
                return Place(index, came.run)
        return None

    def _tokens(self, heard: Floats, said: Sequence[Unit], run: int) -> Floats:
        """Return what is said at each token, [T, C]: what is heard where a mark does not fit."""
        fits = _fits(heard, said)
        rows = heard.copy()
        begin = 0
        came = self._came
        for end in range(1, len(said) + 1):
            if end < len(said) and said[end].of == said[begin].of:
                continue
            fit, tokens = _carried(came, said[begin])
            fit, tokens = fit + float(fits[begin:end].sum()), tokens + end - begin
            if fit > MISFIT * tokens:
                for token in range(begin, end):
                    rows[token] = _row(heard[token], said[token])
            came = _Came(said[begin].of, said[end - 1].part, run, fit, tokens)
            begin = end
        self._came = came
        return rows


def _carried(came: _Came | None, unit: Unit) -> tuple[float, int]:
    """Return how well what a unit is judged together with fitted, and for how many tokens."""
    if came is None:
        return 0.0, 0
    sounds = isinstance(came.of, TimedSound) and isinstance(unit.of, TimedSound)
    if came.of != unit.of and not sounds:
        return 0.0, 0
    kept = min(came.tokens, REMEMBERED)
    return came.fit * kept / max(came.tokens, 1), kept


def _fits(heard: Floats, said: Sequence[Unit]) -> Floats:
    """Return how much less likely what is said is than what is heard most probably, [T], <= 0."""
    most = np.log(np.maximum(heard.max(axis=1), FLOOR))
    likely = [
        np.log(max(float(row[list(unit.classes)].sum()), FLOOR)) if unit.classes else best
        for row, unit, best in zip(heard, said, most, strict=True)
    ]
    fits: Floats = np.minimum(np.array(likely, np.float32) - most, 0.0).astype(np.float32)
    return fits


def _row(heard: Floats, unit: Unit) -> Floats:
    """Return the probabilities of a token, [C], that belongs to a unit."""
    if not unit.classes:
        return heard
    row = np.zeros_like(heard)
    classes = list(unit.classes)
    row[classes] = np.maximum(heard[classes], FLOOR)
    row /= row.sum()
    return row
