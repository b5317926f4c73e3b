"""Marks as units: what may be said one after the other, and within which tokens.

A unit is a phone, one of several (a viseme), or whatever is heard; each has the bounds that the
client gave, and the path through the units may leave them a little, at a price.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from facewire.speaking.alignment.marks import Mark, MarkSpan, TimedSound, TimedWord
from facewire_engines.phones.ipa import nearest_phones
from facewire_engines.phones.phone_set import INDEX, TOKEN_RATE, phone_index

Classes = tuple[int, ...]
"""A sound is one of these; none of them: whatever is heard."""
Pronounce = Callable[[str], Sequence[Classes]]
"""From a word to its sounds; no sounds: nobody knows how it is said."""

HEARD: Classes = ()
SILENCE = INDEX["sil"]
NEVER = 1 << 40
"""A token that no turn has."""

SHORTEST = 3
"""Tokens that a phone of a word lasts at least, where the word has room: a closure that is seen."""
NEAR = 2
"""Tokens between two sounds that are rounding, and no pause."""
WORD_PRICE, SOUND_PRICE = 0.05, 0.3
"""What it costs to leave a unit's bounds: for each token, times how many tokens it is outside.
Providers' words are off by tenths of a second, their phones by hundredths; see training/LOG.md."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Something that is said as a whole."""

    classes: Classes
    start: int
    """The first token that it may have for nothing."""
    end: int
    """The first token after those."""
    shortest: int
    """Tokens; 0: it may be left out."""
    price: float
    of: Mark | None
    """The mark that it is a part of, or stands behind."""
    part: int = 0
    """Which part of that."""


def units_of(spans: Sequence[MarkSpan], pronounce: Pronounce) -> list[Unit]:
    """Return the units of some neighbouring marks, with what may be heard around them.

    Args:
        spans: what is said, in order, none of it overlapping.
        pronounce: knows the sounds of words.
    """
    first = _token(spans[0].start_s) if spans else NEVER
    units = [Unit(HEARD, 0, first, 0, WORD_PRICE, None)]
    for span, following in pairwise([*spans, None]):
        assert span is not None
        start = _token(span.start_s)
        end = max(_token(span.end_s), start + 1)
        parts = _parts(span.mark, start, end, pronounce)
        units += parts
        until = NEVER if following is None else _token(following.start_s)
        sounds = isinstance(span.mark, TimedSound)
        if not (sounds and until <= end + NEAR):
            price = SOUND_PRICE if sounds else WORD_PRICE
            units.append(Unit(HEARD, end, until, 0, price, span.mark, len(parts)))
    return units


def _token(seconds: float) -> int:
    """Return the first token whose centre is not before a time."""
    return max(0, math.ceil(seconds * TOKEN_RATE - 0.5))


def _parts(mark: Mark, start: int, end: int, pronounce: Pronounce) -> list[Unit]:
    if isinstance(mark, TimedWord):
        sounds = [(phone_index(phone),) for phone in mark.phones] or pronounce(mark.word)
        shortest = min(max((end - start) // (2 * max(len(sounds), 1)), 1), SHORTEST)
        return [
            Unit(classes, start, end, shortest, WORD_PRICE, mark, part)
            for part, classes in enumerate(sounds or [HEARD])
        ]
    sounds = [(phone,) for phone in nearest_phones(mark.ipa)] if mark.ipa else [_classes(mark)]
    edges = [start + (end - start) * part // max(len(sounds), 1) for part in range(len(sounds) + 1)]
    return [
        Unit(classes, begin, stop, 1, SOUND_PRICE, mark, part)
        for part, (classes, (begin, stop)) in enumerate(zip(sounds, pairwise(edges), strict=True))
    ]


def _classes(sound: TimedSound) -> Classes:
    return tuple(phone_index(phone) for phone in sound.phones)
