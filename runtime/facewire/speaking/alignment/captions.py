"""The words of a turn's own audio on their way to who reads them: each once, as it is said."""

from collections.abc import Iterable
from dataclasses import replace
from heapq import heappop, heappush

from facewire.speaking.alignment.marks import Mark, TimedWord
from facewire.speaking.alignment.timeline import JOINED_S, bounded, goes_on, is_said
from facewire.speaking.voice import Span

TOGETHER = 50
"""Words that are told with one face: a client may send thousands for the same moment."""


class Captions:
    """Words that have not been told. Used by one event loop.

    A word is told when the face leaves with which it begins, or as soon as it comes after that. The
    last word that came in pieces waits for the next piece, as long as that may come in time.
    """

    def __init__(self, sample_rate: int) -> None:
        """Begin with none; samples are counted at this rate, in Hz."""
        self._sample_rate = sample_rate
        self._came = set[TimedWord]()
        self._waiting = list[tuple[float, int, TimedWord]]()
        """A heap, soonest first; the number keeps the order of those at the same time."""

    def add(self, marks: Iterable[Mark]) -> None:
        """Take more; sounds are no words, and what came before counts once."""
        for mark in marks:
            if not isinstance(mark, TimedWord) or mark in self._came:
                continue
            if mark.joins or is_said(mark):
                self._came.add(mark)
                heappush(self._waiting, (mark.start_s, len(self._came), mark))

    def take(self, before: int, *, complete: bool) -> list[Span]:
        """Return the words that begin before a sample of the turn, some at once.

        Args:
            before: the sample.
            complete: whether all audio has come, so that nobody waits for the rest of a word.
        """
        before_s = before / self._sample_rate
        words = list[Span]()
        while self._waiting and self._waiting[0][0] < before_s and len(words) < TOGETHER:
            number, word = self._next_whole()
            last_piece = not self._waiting and word.joins and not word.word[-1:].isspace()
            if last_piece and not complete and before_s < _end_s(word) + JOINED_S:
                heappush(self._waiting, (word.start_s, number, word))
                break
            words += self._spans(word)
        return words

    def _next_whole(self) -> tuple[int, TimedWord]:
        """Remove the next word, with the pieces of it that have come, and its number."""
        _, number, word = heappop(self._waiting)
        while self._waiting:
            following = self._waiting[0][-1]
            if not (following.joins and goes_on(word, following)):
                break
            heappop(self._waiting)
            word = replace(word, word=word.word + following.word, end_s=following.end_s)
        return number, word

    def _spans(self, word: TimedWord) -> list[Span]:
        """Return a word with its end, which the next one tells where nobody else does."""
        following = [self._waiting[0][-1]] if self._waiting else []
        return [
            Span(
                word.word.strip(),
                round(span.start_s * self._sample_rate),
                round(span.end_s * self._sample_rate),
            )
            for span in bounded([word, *following])
            if span.mark is word and is_said(word)
        ]


def _end_s(word: TimedWord) -> float:
    return word.start_s if word.end_s is None else word.end_s
