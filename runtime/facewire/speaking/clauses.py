"""Cuts text that arrives in pieces into clauses: what a voice can speak before the rest is there.

How the text was cut into pieces does not change the clauses.
"""

import re
import unicodedata

LONGEST = 300
"""Characters; a clause without any punctuation is cut at the last space before that."""

_ABBREVIATIONS = frozenset((
    "mr", "mrs", "ms", "dr", "prof", "jr", "sr", "vs", "etc", "approx", "dept", "inc", "ltd",
    "corp", "nos", "vol", "capt", "lt", "bzw", "usw", "bspw", "sra", "srta", "mme", "mlle",
))  # fmt: skip
"""Words whose full stop ends no sentence, as long as more follows."""

_CLOSERS = "\"'”’»›)]}"
_SPACED = re.compile(rf"[.!?…;:,؟،؛।॥։።]+[{re.escape(_CLOSERS)}]*(?=\s)")
"""Ends a clause where white space follows."""
_UNSPACED = re.compile(r"[。！？；，、：]+[」』）”’]*(?=[^。！？；，、：」』）”’])")
"""Ends a clause whatever follows."""
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_LAST_WORD = re.compile(r"([\w.]+)\.$")


def clean(text: str) -> str:
    """Return text without what no voice can speak: control characters and half characters."""
    kept = (" " if _unspeakable(character) else character for character in text)
    return "".join(kept)


def _unspeakable(character: str) -> bool:
    if character in "\n\u200c\u200d":
        return False
    return unicodedata.category(character)[0] == "C" and character != "\t"


class ClauseSplitter:
    """Takes pieces of a text, and gives its clauses as soon as each is complete."""

    def __init__(self) -> None:
        self._text = ""
        self._seen = 0
        """Where the search for an end goes on: no clause ends before it."""

    @property
    def pending(self) -> bool:
        """Whether there is text of which the end has not come."""
        return bool(self._text.strip())

    @property
    def waiting(self) -> int:
        """Characters of that."""
        return len(self._text)

    def push(self, piece: str) -> list[str]:
        """Add a piece, and return the clauses that are complete now."""
        self._text += clean(piece)
        clauses: list[str] = []
        while (end := self._end()) is not None:
            _append(clauses, self._text[:end])
            self._text = self._text[end:]
            self._seen = 0
        return clauses

    def flush(self) -> list[str]:
        """Return what is left, as if the text ended here."""
        clauses: list[str] = []
        _append(clauses, self._text)
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


def _goes_on(clause: str) -> bool:
    """Tell whether the full stop at the end belongs to an abbreviation or an initial."""
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
