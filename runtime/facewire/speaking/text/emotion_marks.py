"""Marks in a text that say what is felt: `<happy>We won!</happy>`, or `<sad=0.4>`.

Inside the runtime a mark is one character of Unicode's private use, so that whatever cuts and joins
text need not know of it: `MarkReader` writes them, `unmarked` takes them out of a clause again.
"""

import re
from collections.abc import Iterator

from facewire.emotion import NAMES, VOICE, Emotion, emotion_of
from facewire.errors import ConfigError
from facewire.toml_file import nearest

FIRST, LAST = "\ue000", "\uefff"
MARKS = f"{FIRST}-{LAST}"
"""All characters that are marks, as a class of a regular expression."""
_NONE = LAST
"""No mark holds: what the stream feels, is felt."""
_STEPS = 100
"""Shares are kept as hundredths."""

NEUTRAL = "neutral"
_NAMES = (*NAMES, VOICE, NEUTRAL)
_END = r"\s{0,2}(?:=([^<>]{0,22}))?>"
_MARK = re.compile(rf"<(/?)({'|'.join(_NAMES)}){_END}", re.IGNORECASE)
_LIKE_ONE = re.compile(rf"<(/?)([a-z]{{3,15}}){_END}", re.IGNORECASE)
"""What may be meant as a mark, and is none."""
_MALFORMED = re.compile(
    rf"<(/?)({'|'.join(_NAMES)})\s{{0,2}}[,;:+/=\d][^<>]{{0,25}}>", re.IGNORECASE
)
"""What begins as a mark, and goes on as none has to."""
_LONGEST = 40
"""Characters that no mark has; what is longer is text."""
_OWN = re.compile(f"[{MARKS}]")
MOST_PROBLEMS = 1000
"""So many sentences are remembered, of what was wrong."""
DEEPEST = 50
"""Marks inside each other."""


class MarkReader:
    """Takes a text in pieces, cut anywhere, and writes its marks as characters."""

    def __init__(self) -> None:
        self._left = ""
        """What may be the beginning of a mark."""
        self._open: list[tuple[str, str]] = []
        """Names of the marks that hold, and their characters; the last one counts."""
        self.problems: list[str] = []
        """What is wrong with marks, in sentences, until somebody takes it."""
        self._complained = set[str]()

    @property
    def waiting(self) -> int:
        """Characters that may be the beginning of a mark."""
        return len(self._left)

    def push(self, piece: str) -> str:
        """Return the text as far as it is known; a mark that has begun waits for its end."""
        text = self._left + _OWN.sub(" ", piece)
        begins = text.rfind("<", max(0, len(text) - _LONGEST))
        whole = begins < 0 or ">" in text[begins:]
        self._left = "" if whole else text[begins:]
        known = text if whole else text[:begins]
        known = _MARK.sub(self._character, _LIKE_ONE.sub(self._misspelt, known))
        return _MALFORMED.sub(self._malformed, known)

    def flush(self, *, ended: bool = True) -> str:
        """Return what is left, as if the text ended here; marks hold on unless it has `ended`."""
        left, self._left = self._left, ""
        if not ended:
            return left
        for name, _ in self._open:
            self._complain(f"<{name}> holds to the end; write </{name}> where it shall not")
        self._open.clear()
        return left

    def _misspelt(self, like: re.Match[str]) -> str:
        """Leave out what is nearly a mark, for nobody wants to hear it."""
        name = like[2].lower()
        meant = nearest(name, NAMES)
        if not meant or name in _NAMES:
            return like[0]
        if not like[1]:
            self._complain(f"{like[0]} is left out; did you mean <{meant}>?")
        return ""

    def _malformed(self, mark: re.Match[str]) -> str:
        """Leave out what has an emotion's name and no form of a mark."""
        self._complain(
            f"{mark[0]} is left out: a mark has one emotion and a share from 0 to 1, as "
            f"<{mark[2].lower()}=0.5>"
        )
        return ""

    def _complain(self, problem: str) -> None:
        """Say what is wrong, once: a text may have the same mistake a thousand times."""
        if problem not in self._complained:
            self.problems.append(problem)
        if len(self._complained) < MOST_PROBLEMS:
            self._complained.add(problem)

    def _character(self, mark: re.Match[str]) -> str:
        closes, name, share = mark[1], mark[2].lower(), mark[3]
        if closes:
            return self._close(name)
        if len(self._open) == DEEPEST:
            self._complain(f"<{name}> is left out: {DEEPEST} marks are open already")
            return ""
        try:
            felt = _character_of(name, 1.0 if share is None else float(share))
        except (ConfigError, ValueError):
            return self._malformed(mark)
        self._open.append((name, felt))
        return felt

    def _close(self, name: str) -> str:
        opened = [place for place, (other, _) in enumerate(self._open) if other == name]
        if not opened:
            self._complain(f"</{name}> is left out: there is no <{name}> before it")
            return ""
        del self._open[opened[-1]]
        return self._open[-1][1] if self._open else _NONE


def unmarked(clause: str) -> tuple[str, list[tuple[int, Emotion | None]]]:
    """Return a clause without its marks, and what is felt from which of its characters on.

    None is what the stream feels.
    """
    return " ".join(without_marks(clause).split()), list(_marks(clause))


def without_marks(text: str) -> str:
    """Return text without the characters that are marks."""
    return _OWN.sub("", text)


def is_mark(character: str) -> bool:
    """Tell whether a character is a mark."""
    return FIRST <= character <= LAST


def _marks(clause: str) -> Iterator[tuple[int, Emotion | None]]:
    length, spaced = 0, False
    for character in clause:
        if is_mark(character):
            yield length + spaced, _emotion_of(character)
        elif character.isspace():
            # White space is counted as `unmarked` leaves it.
            spaced = length > 0
        else:
            length += 1 + spaced
            spaced = False


def _character_of(name: str, share: float) -> str:
    emotion_of({VOICE if name == NEUTRAL else name: share})
    return chr(ord(FIRST) + _NAMES.index(name) * (_STEPS + 1) + round(share * _STEPS))


def _emotion_of(character: str) -> Emotion | None:
    place, share = divmod(ord(character) - ord(FIRST), _STEPS + 1)
    if place >= len(_NAMES):
        return None
    name = _NAMES[place]
    return emotion_of({} if name == NEUTRAL else {name: share / _STEPS})
