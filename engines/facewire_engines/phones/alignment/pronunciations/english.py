"""How English words are said, by the dictionary of the package hibari-tts (Apache-2.0)."""

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import import_module
from threading import Lock
from typing import Any

from facewire_engines.phones.alignment.units import Classes
from facewire_engines.phones.hibari_reader import load_reader
from facewire_engines.phones.misaki import phones_of_word

_LOCK = Lock()


def is_installed() -> bool:
    """Tell whether the package is here, and of a version that this can read."""
    try:
        return hasattr(import_module("hibari.g2p"), "G2P")
    except Exception:  # whatever is wrong with it, words are heard without it
        return False


@cache
def _dictionary(*, british: bool) -> Any:
    """Load it, which takes a second."""
    return load_reader(british=british)


@lru_cache(maxsize=20_000)
def pronounced(word: str, *, british: bool = False) -> Sequence[Classes]:
    """Return the sounds of a word; none if it cannot be read."""
    with _LOCK:
        try:
            said = str(_dictionary(british=british)(word[:_LONGEST]))
        except Exception:  # of a word that it trips over nothing is known
            return ()
    return tuple((phone,) for phone in phones_of_word(said))


_LONGEST = 60
"""Characters: what is longer is no word."""
