"""The letters of misaki, in which the voices hibari and Kokoro are written, to our phones.

They are IPA, with a letter for each English diphthong and affricate; stress stands before vowels.
"""

from functools import cache

from facewire_engines.phones.ipa import nearest_phones

STRESS = "ˈˌ"
PAUSES = ".!?…,;:—"
"""Symbols at which a voice may pause."""

_SILENT = STRESS + PAUSES + ' "“”()ː'

_IPA = str.maketrans({
    "A": "eɪ", "I": "aɪ", "O": "oʊ", "Q": "əʊ", "W": "aʊ", "Y": "ɔɪ", "S": "ʃ", "T": "ɾ",
    "ʤ": "dʒ", "ʧ": "tʃ", "ʨ": "tʃ", "ʥ": "dʒ", "ꭧ": "tʃ", "ᵊ": "ə",
    **dict.fromkeys(_SILENT),
})  # fmt: skip
"""Where misaki's letters are none of IPA, or mean another sound there, and what is not heard."""


@cache
def phones_of(symbol: str) -> tuple[int, ...]:
    """Return the classes that a symbol passes through; none for stress, spaces and pauses."""
    return phones_of_word(symbol)


def phones_of_word(symbols: str) -> tuple[int, ...]:
    """Return the classes of symbols that are said as one: a vowel and r may be one sound."""
    return nearest_phones(symbols.translate(_IPA))
