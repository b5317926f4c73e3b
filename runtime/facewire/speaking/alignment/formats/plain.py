"""Our own plain shapes, for everybody else: words, and phones, with their times in seconds."""

from collections.abc import Iterator
from typing import Any

from facewire.speaking.alignment.formats.fields import Fields, number, objects, short_text
from facewire.speaking.alignment.marks import AlignmentError, Mark, TimedSound, TimedWord

ARPABET = frozenset((
    "sil", "aa", "ae", "ah", "ao", "aw", "ay", "b", "ch", "d", "dh", "eh", "er", "ey", "f", "g",
    "hh", "ih", "iy", "jh", "k", "l", "m", "n", "ng", "ow", "oy", "p", "r", "s", "sh", "t", "th",
    "uh", "uw", "v", "w", "y", "z", "zh",
))  # fmt: skip
"""Phones of American English, in lower case and without stress; and silence. Shoup 1980."""


MOST_PHONES = 100
"""Of one word: the longest of any dictionary have half as many."""


def read_words(data: Any) -> Iterator[Mark]:
    """Yield `{"word": "Bob", "start": 0.1, "end": 0.4}`; `phones`, a list of ARPAbet, may be there.

    Raises:
        AlignmentError: they are not such objects.
    """
    for fields in objects(data, "words"):
        phones = fields.get("phones", [])
        if not isinstance(phones, list):
            raise AlignmentError("the phones of a word are a list of ARPAbet")
        if len(phones) > MOST_PHONES:
            raise AlignmentError(f"a word has {MOST_PHONES} phones at most, not {len(phones)}")
        word = short_text(fields.get("word"), "word")
        spelled = tuple(_phone(phone) for phone in phones)
        yield TimedWord(word, number(fields.get("start"), "start"), _end(fields), spelled)


def read_phones(data: Any) -> Iterator[Mark]:
    """Yield `{"phone": "b", "start": 0.1, "end": 0.2}`, ARPAbet, or with `ipa` instead of `phone`.

    Raises:
        AlignmentError: they are not such objects.
    """
    for fields in objects(data, "phones"):
        start_s, end_s = number(fields.get("start"), "start"), _end(fields)
        if "ipa" in fields:
            yield TimedSound(start_s, end_s, ipa=short_text(fields["ipa"], "ipa"))
        else:
            yield TimedSound(start_s, end_s, (_phone(fields.get("phone")),))


def _phone(value: Any) -> str:
    plain = short_text(value, "phone").strip().lower().rstrip("012")
    if plain not in ARPABET:
        raise AlignmentError(f"{value[:20]!r} is no phone of ARPAbet, such as 'AA' or 'zh'")
    return plain


def _end(fields: Fields) -> float | None:
    end = fields.get("end")
    return None if end is None else number(end, "end")
