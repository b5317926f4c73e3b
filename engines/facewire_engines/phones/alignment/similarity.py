"""How much hearing one phone speaks for another: the encoder, and accents, take one for the other.

Without it all phones that are not heard are equally unlikely, and a vowel that sounds like another
one is as good a place for the stop before it as for itself.
"""

import numpy as np
from numpy.typing import NDArray

from facewire_engines.phones.phone_set import INDEX, PHONES

LOOKS_ALIKE, SOUNDS_ALIKE = 0.3, 0.05
"""Shares of the probability of a phone that count for one that is made with the same lips and
tongue, and for one that is a vowel, or a consonant, too."""

_ALIKE = (
    "p b m", "f v", "t d n l", "th dh", "s z", "sh zh ch jh", "k g ng", "w uw uh", "r er",
    "y iy ih", "aa ao ah", "ae eh ah ey", "ow ao", "aw aa", "ay aa", "oy ao",
)  # fmt: skip
_VOWELS = frozenset((
    "aa", "ae", "ah", "ao", "aw", "ay", "eh", "er", "ey", "ih", "iy", "ow", "oy", "uh", "uw",
))  # fmt: skip


def _shares() -> NDArray[np.float32]:
    vowel = np.array([phone in _VOWELS for phone in PHONES])
    shares = SOUNDS_ALIKE * np.equal(vowel[:, None], vowel[None, :]).astype(np.float64)
    silence = INDEX["sil"]
    shares[silence, :] = shares[:, silence] = 0
    for group in _ALIKE:
        members = [INDEX[phone] for phone in group.split()]
        shares[np.ix_(members, members)] = LOOKS_ALIKE
    np.fill_diagonal(shares, 1)
    return np.asarray(shares, np.float32)


_SHARES = _shares()


def likeness(heard: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how likely each phone is, [T, C], from the probabilities that were heard, [T, C]."""
    likely: NDArray[np.float32] = np.minimum(heard @ _SHARES, 1).astype(np.float32)
    return likely
