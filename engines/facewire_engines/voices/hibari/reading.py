"""What a text is read as: the symbols that hibari speaks, and which of them make each word.

The reader writes numbers, dates and abbreviations out before it pronounces them; the words that are
told are those of the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from facewire_engines.phones.misaki import phones_of

LONGEST = 400
"""Symbols that the graph is given at once, as the package does."""

_LONG_NUMBER = re.compile(r"\d{16,}")
"""More digits than the reader has names for."""
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it was written, and its symbols."""

    label: str
    first: int
    """Index of its first symbol."""
    end: int
    """Index after its last one."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Symbols to be spoken."""

    symbols: str
    words: tuple[Word, ...]
    left_out: tuple[str, ...] = ()
    """Words of the text that have letters or digits, of which nothing is said."""

    @property
    def sounds(self) -> bool:
        """Whether anything in it is heard."""
        return any(map(phones_of, self.symbols))


def read(text: str, reader: Any, normalise: Any, alphabet: dict[str, int]) -> Reading:
    """Return what a clause is read as.

    Args:
        text: one line.
        reader: the package's class `G2P`.
        normalise: its function that writes numbers out.
        alphabet: the symbols that the graph knows; others are left out.
    """
    # A link would set the pronunciation of its words; text is read, never obeyed.
    plain = text.replace("](", "] (")
    written_out = normalise(_LONG_NUMBER.sub(lambda digits: " ".join(digits[0]), plain))
    symbols, spoken = "", list[Word]()
    label, first = "", 0
    for token in reader.phonemize_tokens(reader.tokenize(written_out)):
        label += token.text
        symbols += "".join(s for s in token.phonemes or "" if s in alphabet)
        if token.whitespace:
            spoken.append(Word(label, first, len(symbols)))
            symbols += " "
            label, first = "", len(symbols)
    spoken.append(Word(label, first, len(symbols)))
    found = tuple(_as_written(text, spoken))
    left_out = (word.label for word in found if _is_lost(word, symbols))
    words = (word for word in found if word.end > word.first)
    return Reading(symbols, tuple(words), tuple(left_out))


def split(reading: Reading) -> Iterator[Reading]:
    """Cut what is too long to be spoken at once between words, or anywhere in a longer word."""
    while len(reading.symbols) > LONGEST:
        cut = reading.symbols.rfind(" ", 1, LONGEST) + 1 or LONGEST
        yield Reading(reading.symbols[:cut], tuple(_cut(reading.words, 0, cut)))
        words = _cut(reading.words, cut, len(reading.symbols))
        reading = Reading(reading.symbols[cut:], tuple(words))
    yield reading


def _cut(words: tuple[Word, ...], first: int, end: int) -> Iterator[Word]:
    """Yield the words that begin within symbols, counted from the first of these."""
    for word in words:
        if first <= word.first < end:
            yield Word(word.label, word.first - first, min(word.end, end) - first)


def _is_lost(word: Word, symbols: str) -> bool:
    """Tell whether there is something to say in a word, and nothing is said."""
    said = any(map(phones_of, symbols[word.first : word.end]))
    return not said and any(map(str.isalnum, word.label))


def _as_written(text: str, spoken: list[Word]) -> Iterator[Word]:
    """Give the symbols of what was written out to the words of the text that they stand for."""
    written = _WORD.findall(text)
    matcher = SequenceMatcher(None, written, [word.label for word in spoken], autojunk=False)
    for _, a, b, c, d in matcher.get_opcodes():
        if c == d:
            yield from (Word(label, spoken[c - 1].end, spoken[c - 1].end) for label in written[a:b])
        count = b - a
        for index in range(count):
            part = spoken[c + index * (d - c) // count : c + (index + 1) * (d - c) // count]
            if part:
                yield Word(written[a + index], part[0].first, part[-1].end)
