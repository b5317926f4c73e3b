"""Amazon Polly's speech marks: lines of JSON, times in ms, without ends.

What each viseme stands for is in Polly's "Phoneme and viseme tables for supported languages"; the
phones of all languages are here, by the ones of English that look like them.
"""

from collections.abc import Iterator
from typing import Any

from facewire.speaking.alignment.formats.fields import json_lines, number, objects, short_text, text
from facewire.speaking.alignment.marks import Mark, TimedSound, TimedWord

VISEMES = {
    "sil": "sil", "p": "p b m", "t": "t d n l", "S": "sh ch jh zh", "T": "th dh", "f": "f v",
    "k": "k g ng hh", "i": "iy ih y", "r": "r", "s": "s z", "u": "uw uh w", "@": "ah er",
    "a": "aa ae ay aw", "e": "ey", "E": "eh er ah", "o": "ow", "O": "ao oy", "l": "l", "J": "y",
    "B": "v", "x": "k hh",
}  # fmt: skip
"""The phones of each viseme; of one that is not among them, nobody knows."""

MILLISECOND_S = 1e-3


def read(data: Any) -> Iterator[Mark]:
    """Yield the marks of a text of speech marks, or of the objects in it.

    Raises:
        AlignmentError: they are not speech marks.
    """
    listed = json_lines(data, "speech marks of Polly") if isinstance(data, str) else data
    for fields in objects(listed, "speech marks of Polly"):
        start_s = number(fields.get("time"), "time", MILLISECOND_S)
        kind, value = fields.get("type"), text(fields.get("value"), "value")
        if kind in ("viseme", "word"):  # a sentence may be long
            value = short_text(value, f"a {kind}")
        if kind == "viseme":
            yield TimedSound(start_s, phones=tuple(VISEMES.get(value, "").split()))
        elif kind == "word":
            yield TimedWord(value, start_s)
