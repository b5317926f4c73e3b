"""Who knows how the words of a language are said."""

import logging
from collections.abc import Sequence
from functools import cache, partial

from facewire.optional_dependency import install_command
from facewire_engines.phones.alignment.pronunciations import english
from facewire_engines.phones.alignment.pronunciations.spelling import spelled
from facewire_engines.phones.alignment.units import Classes, Pronounce

logger = logging.getLogger(__name__)


def pronunciation(language: str) -> Pronounce:
    """Return who knows the sounds of words: a dictionary if there is one, or else their letters.

    Args:
        language: a code such as `en-us`.
    """
    code = language.strip().lower().replace("_", "-")
    if code.partition("-")[0] != "en":
        return spelled
    if english.is_installed():
        return partial(_looked_up, british=code.startswith("en-gb"))
    say_what_is_missing()
    return spelled


@cache
def say_what_is_missing() -> None:
    """Log it, once in a process."""
    logger.warning(
        "words whose times are pushed have only their letters, as no dictionary is installed; "
        "install it with: %s",
        install_command("voice"),
    )


def _looked_up(word: str, *, british: bool) -> Sequence[Classes]:
    return english.pronounced(word, british=british) or spelled(word)
