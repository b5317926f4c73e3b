"""Fit what is mouthed into the time of its sign, so that each shape of the mouth can be seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from facewire_engines.phones.phone_set import INDEX

LEAST_S = 0.08
"""How long a shape of the mouth has to stand to be seen: two frames of video at 25 a second."""
_LONGEST_S = 0.16
"""How long one stays that is no vowel, however slow the sign."""

VOWELS = frozenset(
    ("aa", "ae", "ah", "ao", "aw", "ay", "eh", "er", "ey", "ih", "iy", "ow", "oy", "uh", "uw")
)
_ALIKE: tuple[frozenset[str], ...] = (
    frozenset(("p", "b", "m")),
    frozenset(("f", "v")),
    frozenset(("th", "dh")),
    frozenset(("t", "d", "n", "l", "s", "z")),
    frozenset(("ch", "jh", "sh", "zh")),
    frozenset(("k", "g", "ng", "hh")),
)
"""Sounds that look the same: one after the other they are one shape."""
_UNSEEN = _ALIKE[-1]
"""Sounds of the throat: they go first where time is short."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape of the mouth, and how long it stands."""

    phone: int
    """Class in `facewire_engines.phones.phone_set.PHONES`."""
    duration_s: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """A mouthing that has been fitted into a sign."""

    shapes: tuple[Shape, ...]
    too_many: int = 0
    """Shapes for which there was too little time, or 0."""


def fit(phones: Sequence[tuple[str, float]], room_s: float) -> Fitted:
    """Fit phones into the time of a sign.

    Sounds that look alike and follow each other are one shape. Time is shared out as in speech, but
    no shape gets less than `LEAST_S`; what is left over when a sign is slow lengthens vowels. Where
    there is too little time, sounds of the throat are left out first; if that is not enough all
    shapes get the same.

    Args:
        phones: labels of `PHONES` and how long each lasts in speech, in seconds; no silence.
        room_s: how long the sign lasts.

    Returns:
        The shapes, together not longer than `room_s`.
    """
    shapes = _merged(phones)
    if len(shapes) * LEAST_S > room_s:
        seen = [shape for shape in shapes if shape[0] not in _UNSEEN]
        shapes = seen or shapes
    if len(shapes) * LEAST_S > room_s + 1e-9:
        each = room_s / len(shapes)
        return Fitted(tuple(Shape(INDEX[name], each) for name, _ in shapes), len(shapes))
    durations = _shared(shapes, room_s)
    pairs = zip(shapes, durations, strict=True)
    return Fitted(tuple(Shape(INDEX[name], lasts) for (name, _), lasts in pairs))


def _merged(phones: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Return phones with those joined that follow each other and look alike, by their first."""
    merged = []
    for _, group in groupby(phones, key=lambda phone: _look(phone[0])):
        parts = list(group)
        merged.append((parts[0][0], sum(duration for _, duration in parts)))
    return merged


def _look(label: str) -> object:
    return next((alike for alike in _ALIKE if label in alike), label)


def _shared(shapes: Sequence[tuple[str, float]], room_s: float) -> list[float]:
    """Return how long each shape stands: as in speech times one factor, within its bounds."""

    def lasts(factor: float) -> list[float]:
        return [
            max(
                LEAST_S, duration * factor if name in VOWELS else min(duration * factor, _LONGEST_S)
            )
            for name, duration in shapes
        ]

    low, high = 0.0, 1e4
    for _ in range(60):
        middle = (low + high) / 2
        if sum(lasts(middle)) > room_s:
            high = middle
        else:
            low = middle
    return lasts(low)
