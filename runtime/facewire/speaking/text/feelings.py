"""What is felt in speech, and from which of its samples on, told by the marks in its text."""

from collections.abc import Sequence
from dataclasses import dataclass

from facewire.emotion import Emotion
from facewire.speaking.voice import Span

LEAD_S = 0.15
"""So long before its word an emotion begins: a face changes more slowly than speech."""


@dataclass(frozen=True, slots=True)
class Feeling:
    """An emotion that holds from a sample on."""

    start: int
    emotion: Emotion | None
    """None is what the stream feels."""


class MarkedClause:
    """Finds when the marks of a clause are reached, as its words become known."""

    def __init__(
        self, clause: str, marks: Sequence[tuple[int, Emotion | None]], sample_rate: int
    ) -> None:
        """Take a clause without its marks, and from which of its characters on each holds."""
        self._clause = clause
        self._marks = list(marks)
        self._lead = int(LEAD_S * sample_rate)
        self._read = 0
        """Characters of the clause that are known to be said."""

    def take(self, words: Sequence[Span]) -> tuple[Feeling, ...]:
        """Return what is felt by the time of the words that come next, on their clock."""
        feelings: list[Feeling] = []
        for word in words:
            at = self._clause.find(word.label, self._read)
            if at < 0:
                continue
            # What ends before this word ends with the one before.
            while self._marks and self._marks[0][0] <= at:
                feelings.append(Feeling(word.start - self._lead, self._marks.pop(0)[1]))
            self._read = at + len(word.label)
        return tuple(feelings)

    def rest(self) -> tuple[Feeling, ...]:
        """Return what is felt when the clause has been said."""
        feelings = tuple(Feeling(0, emotion) for _, emotion in self._marks)
        self._marks.clear()
        return feelings
