"""Who knows how the words of a language are said."""

from collections.abc import Sequence
from functools import partial

from facewire_engines.phones.alignment.pronunciations import english
from facewire_engines.phones.alignment.pronunciations.spelling import spelled
from facewire_engines.phones.alignment.units import Classes, Pronounce


def pronunciation(language: str) -> Pronounce:
    """Return who knows the sounds of words: a dictionary if there is one, or else their letters.

    Args:
        language: a code such as `en-us`.
    """
    code = language.strip().lower().replace("_", "-")
    if code.partition("-")[0] == "en" and english.is_installed():
        return partial(_looked_up, british=code.startswith("en-gb"))
    return spelled


def _looked_up(word: str, *, british: bool) -> Sequence[Classes]:
    return english.pronounced(word, british=british) or spelled(word)
