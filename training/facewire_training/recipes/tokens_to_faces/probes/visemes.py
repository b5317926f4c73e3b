"""Sounds that look alike: every phone in one of Oculus Lipsync's fifteen visemes.

Its reference names the sounds of each viseme by example (`evaluation/peers/visemes.py`); the phones
that it does not name are put to those whose mouth they have: diphthongs to where they begin.
"""

import numpy as np

from facewire_engines.phones.phone_set import PHONES
from facewire_training.evaluation.peers.visemes import OCULUS

_UNNAMED: dict[str, tuple[str, ...]] = {
    "sil": ("sil",),
    "kk": ("ng", "hh"),
    "CH": ("zh",),
    "RR": ("er",),
    "aa": ("ah", "aw", "ay"),
    "E": ("ae", "ey"),
    "I": ("iy", "y"),
    "O": ("ow", "oy"),
    "U": ("uw", "w"),
}

VISEMES: dict[str, tuple[str, ...]] = {
    name: named + _UNNAMED.get(name, ()) for name, named in OCULUS.items()
}
"""The phones of each viseme; every phone is in one."""

VISEME_OF = np.array(
    [next(i for i, said in enumerate(VISEMES.values()) if phone in said) for phone in PHONES]
)
"""[40]: the place in `VISEMES` of each phone of `PHONES`."""
