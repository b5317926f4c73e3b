"""The times of one turn, as they come: in pieces, in any order, and mended."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from facewire.speaking.alignment.marks import LONGEST_LABEL, Mark, MarkSpan, TimedSound, TimedWord

LONGEST_WORD_S = 1.0
LONGEST_SOUND_S = 0.4
"""How long what has no end may last."""
SHORTEST_S = 0.01
"""What would be shorter was said at no time at all."""
JOINED_S = 0.25
"""Pieces of a word that are further apart are words of their own."""


class Timeline:
    """All marks of a turn. Used by one thread at a time."""

    def __init__(self) -> None:
        self._marks: dict[Mark, None] = {}

    def __len__(self) -> int:
        return len(self._marks)

    def add(self, marks: Iterable[Mark]) -> None:
        """Take more marks; what came before counts once."""
        self._marks.update(dict.fromkeys(marks))

    def spans(self) -> tuple[MarkSpan, ...]:
        """Return what is said, in order, none of it overlapping.

        A word that sounds are known of is left out, as they say more. What begins before the turn
        begins with it; what overlaps the next ends with it.
        """
        ordered = sorted(self._marks, key=lambda mark: mark.start_s)
        words = _joined([mark for mark in ordered if isinstance(mark, TimedWord)])
        sounds = bounded([mark for mark in ordered if isinstance(mark, TimedSound)])
        rest = _uncovered(bounded(words), sounds)
        return tuple(_apart(sorted((*rest, *sounds), key=lambda span: span.start_s)))


def _joined(words: Sequence[TimedWord]) -> list[TimedWord]:
    """Return words, those that came in pieces in one; what has no letter is left out."""
    whole: list[TimedWord] = []
    for word in words:
        last = whole[-1] if whole else None
        if last is not None and word.joins and goes_on(last, word):
            whole[-1] = replace(last, word=last.word + word.word, end_s=word.end_s)
        else:
            whole.append(word)
    return [replace(word, word=word.word.strip()) for word in whole if is_said(word)]


def is_said(word: TimedWord) -> bool:
    """Tell whether it is more than punctuation."""
    return bool(word.phones) or any(letter.isalnum() for letter in word.word)


def goes_on(last: TimedWord, word: TimedWord) -> bool:
    """Tell whether a piece belongs to the word before it."""
    end_s = last.start_s if last.end_s is None else last.end_s
    apart = word.start_s - end_s > JOINED_S
    room = len(last.word) < LONGEST_LABEL
    return last.joins and room and not apart and not last.word[-1:].isspace()


def bounded(marks: Sequence[Mark]) -> list[MarkSpan]:
    """Return marks of one kind, in order, with ends; those without any time are left out."""
    spans: list[MarkSpan] = []
    for mark, following in pairwise([*marks, None]):
        assert mark is not None
        start_s = max(mark.start_s, 0.0)
        until_s = float("inf") if following is None else following.start_s
        longest_s = LONGEST_WORD_S if isinstance(mark, TimedWord) else LONGEST_SOUND_S
        end_s = mark.end_s
        if end_s is None or end_s < mark.start_s + SHORTEST_S:
            end_s = mark.start_s + longest_s
        end_s = min(end_s, until_s) if until_s > start_s else end_s
        if end_s - start_s >= SHORTEST_S and until_s - start_s >= SHORTEST_S:
            spans.append(MarkSpan(mark, start_s, end_s))
    return spans


def _uncovered(words: Sequence[MarkSpan], sounds: Sequence[MarkSpan]) -> list[MarkSpan]:
    """Return the words in whose time no sound begins."""
    begins = [sound.start_s for sound in sounds]
    return [
        word
        for word in words
        if bisect_left(begins, word.start_s - SHORTEST_S)
        == bisect_left(begins, word.end_s - SHORTEST_S)
    ]


def _apart(spans: Sequence[MarkSpan]) -> Iterator[MarkSpan]:
    """Yield spans, in order, each of which ends before the next one."""
    for span, following in pairwise([*spans, None]):
        assert span is not None
        until_s = span.end_s if following is None else min(span.end_s, following.start_s)
        if until_s - span.start_s >= SHORTEST_S:
            yield replace(span, end_s=until_s)
