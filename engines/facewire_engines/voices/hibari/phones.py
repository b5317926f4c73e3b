"""The symbols of hibari, which are those of misaki and Kokoro, to our phones.

They are IPA, with a letter for each English diphthong and affricate; stress stands before vowels.
"""

from functools import cache

from facewire_engines.phones.ipa import nearest_phones
from facewire_engines.phones.phone_set import INDEX

STRESS = "ˈˌ"
PAUSES = ".!?…,;:—"
"""Symbols at which the voice may pause."""

_ENGLISH = {
    "A": "ey", "I": "ay", "O": "ow", "Q": "ow", "W": "aw", "Y": "oy", "S": "sh", "T": "d",
    "ʤ": "jh", "ʧ": "ch", "ʨ": "ch", "ʥ": "jh", "ꭧ": "ch", "ᵊ": "ah",
}  # fmt: skip
"""Where misaki's letters are none of IPA, or mean another sound there; `T` is a flap."""

_SILENT = frozenset(STRESS + PAUSES + ' "“”()ː')


@cache
def phones_of(symbol: str) -> tuple[int, ...]:
    """Return the classes that a symbol passes through; none for stress, spaces and pauses."""
    if symbol in _SILENT:
        return ()
    if english := _ENGLISH.get(symbol):
        return (INDEX[english],)
    return nearest_phones(symbol)
