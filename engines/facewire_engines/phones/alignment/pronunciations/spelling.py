"""What the letters of a word tell of its lips, where nobody knows how it is said.

In nearly all languages that are written so, p, b and m close the lips and f and v bring the lower
one to the teeth; all else is heard.
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import groupby

from facewire_engines.phones.alignment.units import HEARD, Classes
from facewire_engines.phones.phone_set import INDEX

CLOSED: Classes = tuple(INDEX[phone] for phone in ("p", "b", "m"))
TEETH: Classes = tuple(INDEX[phone] for phone in ("f", "v"))

_SHOWN: dict[str, Classes] = {
    **dict.fromkeys("pbmпбмπμ", CLOSED),
    **dict.fromkeys("fvфвφβ", TEETH),
}
"""Latin, Cyrillic and Greek."""

_AS_SAID = ((re.compile("ph"), "f"), (re.compile(r"mb\b"), "m"), (re.compile("μπ"), "p"))
"""Letters that are another sound together: phone, bomb, and b in Greek."""


def spelled(word: str) -> Sequence[Classes]:
    """Return the sounds of a word as far as its letters tell; none if they tell nothing."""
    letters = unicodedata.normalize("NFD", word.lower())
    for written, said in _AS_SAID:
        letters = written.sub(said, letters)
    shown = [_SHOWN.get(letter, HEARD) for letter in letters if letter.isalpha()]
    sounds = [classes for classes, _ in groupby(shown)]
    return sounds if any(sounds) else ()
