"""Cuts text that arrives in pieces into clauses: what a voice can speak before the rest is there.

How the text was cut into pieces does not change the clauses.
"""

import re
import unicodedata
from collections import deque

from facewire.speaking.text.emotion_marks import MARKS, MarkReader, is_mark, without_marks

LONGEST = 300
"""Characters; a clause without any punctuation is cut at the last space before that."""
TOGETHER = 120
"""Characters of clauses that are spoken in one breath at most; a longer clause stays whole."""
SPLIT = 1_000
"""Characters that are split into clauses at once."""

_ABBREVIATIONS = frozenset((
    "mr", "mrs", "ms", "dr", "prof", "jr", "sr", "vs", "etc", "approx", "dept", "inc", "ltd",
    "corp", "nos", "vol", "capt", "lt", "bzw", "usw", "bspw", "sra", "srta", "mme", "mlle",
))  # fmt: skip
"""Words whose full stop ends no sentence, as long as more follows."""

_CLOSERS = "\"'”’»›)]}"
_SPACED = re.compile(rf"[.!?…;:,؟،؛।॥։።]+[{re.escape(_CLOSERS)}{MARKS}]*(?=\s)")
"""Ends a clause where white space follows."""
_UNSPACED = re.compile(rf"[。！？；，、：]+[」』）”’{MARKS}]*(?=[^。！？；，、：」』）”’{MARKS}])")
"""Ends a clause whatever follows."""
SENTENCE_END = re.compile(rf"[.!?…؟।॥։။。！？]+[{re.escape(_CLOSERS)}」』）{MARKS}]*$")
"""Whether a clause is the last one of its sentence."""
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_LAST_WORD = re.compile(r"([\w.]+)\.$")


def clean(text: str) -> str:
    """Return text without what no voice can speak: control characters and half characters."""
    kept = (" " if _unspeakable(character) else character for character in text)
    return "".join(kept)


def _unspeakable(character: str) -> bool:
    if character in "\n\u200c\u200d" or is_mark(character):
        return False
    return unicodedata.category(character)[0] == "C" and character != "\t"


class ClauseSplitter:
    """Takes pieces of a text, and gives its clauses as soon as each is complete."""

    def __init__(self, *, marks: bool = False) -> None:
        """Begin with nothing; `marks` are read and kept as characters, or left in the text."""
        self._marks = MarkReader() if marks else None
        self._text = ""
        self._seen = 0
        """Where the search for an end goes on: no clause ends before it."""

    @property
    def pending(self) -> bool:
        """Whether there is text of which the end has not come."""
        return bool(self._text.strip()) or bool(self._marks and self._marks.waiting)

    @property
    def ends_a_sentence(self) -> bool:
        """Whether that would be the end of a sentence, if no more came."""
        return bool(SENTENCE_END.search(self._text[-LONGEST:].rstrip()))

    @property
    def waiting(self) -> int:
        """Characters of that."""
        return len(self._text) + (self._marks.waiting if self._marks else 0)

    def take_problems(self) -> list[str]:
        """Return what was wrong with marks, in sentences, once."""
        if self._marks is None:
            return []
        problems, self._marks.problems = self._marks.problems, []
        return problems

    def push(self, piece: str) -> list[str]:
        """Add a piece, and return the clauses that are complete now."""
        self._text += clean(self._marks.push(piece) if self._marks else piece)
        clauses: list[str] = []
        while (end := self._end()) is not None:
            _append(clauses, self._text[:end])
            self._text = self._text[end:]
            self._seen = 0
        return clauses

    def flush(self, *, ended: bool = True) -> list[str]:
        """Return what is left, as if the text ended here; marks hold on unless it has `ended`."""
        clauses: list[str] = []
        left = clean(self._marks.flush(ended=ended)) if self._marks else ""
        _append(clauses, self._text + left)
        self._text, self._seen = "", 0
        return clauses

    def _end(self) -> int | None:
        """Return where the first clause ends, if that is known."""
        for match in self._candidates():
            if match.end() > LONGEST:
                break
            if not _goes_on(self._text[: match.end()]):
                return match.end()
        if len(self._text) > LONGEST:
            space = self._text.rfind(" ", 1, LONGEST)
            return space if space > 0 else LONGEST
        self._seen = max(0, len(self._text) - 2 * len(_CLOSERS))
        return None

    def _candidates(self) -> list[re.Match[str]]:
        found = [
            match
            for pattern in (_SPACED, _UNSPACED, _BLANK_LINE)
            for match in pattern.finditer(self._text, self._seen, LONGEST + 2)
        ]
        return sorted(found, key=lambda match: match.end())


class SentenceJoiner:
    """Joins clauses to sentences, as far as they are spoken in one breath.

    A voice that has a melody needs the whole of it; one that gets a long sentence begins late.
    """

    def __init__(self) -> None:
        self._together = ""

    def push(self, clause: str) -> list[str]:
        """Add a clause, and return what is complete now."""
        done: list[str] = []
        if self._together and len(self._together) + len(clause) >= TOGETHER:
            done += self.flush()
        self._together = f"{self._together} {clause}" if self._together else clause
        return done + self.flush() if SENTENCE_END.search(clause) else done

    def flush(self) -> list[str]:
        """Return what is left, as if the text ended here."""
        left, self._together = self._together, ""
        return [left] if left else []


class ClauseQueue:
    """Text on its way to a voice, which takes it clause by clause.

    No more of it is split into clauses than the voice is about to need: a long text would take
    everybody's time.
    """

    def __init__(self, *, sentences: bool = False) -> None:
        """Begin with nothing.

        Args:
            sentences: whether clauses that are there are joined, as far as a sentence goes; what
                has not come is not waited for.
        """
        self._sentences = sentences
        self._wrong = False
        """Whether a mark was."""
        self._spoken = False
        self._unsplit = deque[str]()
        """What is not split, in bites."""
        self._unsplit_characters = 0
        self._complete = False
        self._splitter = ClauseSplitter(marks=True)
        self._clauses = deque[str]()
        self._clause_characters = 0

    @property
    def waiting(self) -> int:
        """Characters that have come, and that the voice has not taken."""
        return self._unsplit_characters + self._splitter.waiting + self._clause_characters

    @property
    def ready(self) -> bool:
        """Whether a clause is complete."""
        return bool(self._clauses)

    @property
    def nearly_whole(self) -> bool:
        """Whether a sentence is there that the voice wants, if only its text ends here."""
        return (
            self._sentences
            and self._splitter.ends_a_sentence
            and not any(map(SENTENCE_END.search, self._clauses))
        )

    def take_problem(self) -> str:
        """Return what was wrong with the text's first wrong mark, in a sentence, once."""
        problems = self._splitter.take_problems()
        if self._wrong or not problems:
            return ""
        self._wrong = True
        return problems[0]

    @property
    def spoken(self) -> bool:
        """Whether the voice is at a clause."""
        return self._spoken

    @property
    def quiet(self) -> bool:
        """Whether no speech will come of what has come so far."""
        return not self._clauses and not self._spoken

    def push(self, text: str) -> None:
        """Take the next piece of text, cut anywhere."""
        self._unsplit.extend(text[at : at + SPLIT] for at in range(0, len(text), SPLIT))
        self._unsplit_characters += len(text)
        self._split()

    def push_clause(self, clause: str) -> None:
        """Take what the voice shall speak as a whole."""
        self._add([clause])

    def flush(self) -> None:
        """Take no more: what has come is all."""
        self._complete = True
        self._split()

    def clear(self) -> None:
        """Forget what the voice has not taken, and take no more."""
        self._complete = True
        self._clauses.clear()
        self._unsplit.clear()
        self._unsplit_characters = self._clause_characters = 0
        self._splitter = ClauseSplitter(marks=True)

    def take(self) -> str:
        """Remove what the voice begins to speak: the next clause, or a sentence as far as it is."""
        together = self._next()
        while self._sentences and self._clauses and not SENTENCE_END.search(together):
            if len(together) + len(self._clauses[0]) >= TOGETHER:
                break
            together = f"{together} {self._next()}"
        self._spoken = True
        return together

    def done(self) -> None:
        """Note that the voice has spoken what it took."""
        self._spoken = False

    def _next(self) -> str:
        clause = self._clauses.popleft()
        self._clause_characters -= len(clause)
        self._split()
        return clause

    def _split(self) -> None:
        """Split the text as far as the next clause."""
        while not self._clauses and self._unsplit:
            bite = self._unsplit.popleft()
            self._unsplit_characters -= len(bite)
            self._add(self._splitter.push(bite))
        if self._complete and not self._unsplit:
            self._add(self._splitter.flush())

    def _add(self, clauses: list[str]) -> None:
        self._clauses.extend(clauses)
        self._clause_characters += sum(map(len, clauses))


def _goes_on(clause: str) -> bool:
    """Tell whether the full stop at the end belongs to an abbreviation or an initial."""
    clause = without_marks(clause)
    found = _LAST_WORD.search(clause)
    if not found:
        return not clause.strip()
    word = found[1]
    initial = len(word) == 1 and word.isalpha() and word != "I"
    dotted = "." in word.strip(".") and not any(character.isdigit() for character in word)
    return initial or dotted or word.lower() in _ABBREVIATIONS


def _append(clauses: list[str], text: str) -> None:
    plain = " ".join(text.split())
    if plain:
        clauses.append(plain)
