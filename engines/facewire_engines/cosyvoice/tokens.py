"""The token spaces of CosyVoice: 25 tokens a second, each of eight digits that are 0, 1 or 2.

The tokenizer rounds eight numbers to three levels each (finite scalar quantisation), and the id is
the sum of digit `k` times `3 ** k`; so ids that differ in one digit are neighbours.
"""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from facewire.tokens import TokenSpace

DIGITS = 8
LEVELS = 3
VOCABULARY = LEVELS**DIGITS

COSYVOICE2 = TokenSpace("cosyvoice2", Fraction(25), VOCABULARY)
COSYVOICE3 = TokenSpace("cosyvoice3", Fraction(25), VOCABULARY)
STAND_IN = TokenSpace("cosyvoice2-standin", Fraction(25), VOCABULARY)
"""Ids of the same shape, made from phones to test with (`stand_in.py`): no voice speaks it."""

SPACES = {space.name: space for space in (COSYVOICE2, COSYVOICE3, STAND_IN)}


def digits(ids: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the digits of ids `[...]`, lowest first, as `[..., 8]`."""
    powers = LEVELS ** np.arange(DIGITS, dtype=np.int64)
    return ids.astype(np.int64)[..., None] // powers % LEVELS


def ids_of(digits: NDArray[np.integer]) -> NDArray[np.int32]:
    """Return the ids of digits `[..., 8]`, as `[...]`."""
    powers = LEVELS ** np.arange(DIGITS, dtype=np.int64)
    ids: NDArray[np.int32] = (digits.astype(np.int64) * powers).sum(-1).astype(np.int32)
    return ids
