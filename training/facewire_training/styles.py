"""Whose way of moving the mouth: that of the rules, or that of somebody who was captured.

A style is a point [2]: all zeros are the rules of `procedural`, a 1 in a place is a captured
speaker. The decoder gets it as an input, so that it need not take the mean of people who differ,
and so that any point between them can be exported.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire_training.corpora.facegood import KNOWN
from facewire_training.lip_solver import SHAPES

STYLES: tuple[str, ...] = ("grid", "facegood")
"""Corpora of captured faces, each a style."""

DECIDES: dict[str, tuple[str, ...]] = {"grid": SHAPES, "facegood": KNOWN}
"""The shapes that were seen; the others are the rules' in every style."""

RULES = np.zeros(len(STYLES), np.float32)


def style_of(corpus: str) -> NDArray[np.float32]:
    """Return the style of a corpus, [2]."""
    return np.array([corpus == name for name in STYLES], np.float32)


def decided(style: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which of the 52 shapes a style other than the rules' decides."""
    names = {
        shape for name, share in zip(STYLES, style, strict=True) if share for shape in DECIDES[name]
    }
    return np.isin(arkit.NAMES, sorted(names))


def parse_styles(given: Sequence[str]) -> NDArray[np.float32]:
    """Read a style such as `["grid=0.5"]`, [2]; what is not named is 0.

    Raises:
        ValueError: there is no such style, or its share is no number.
    """
    style = RULES.copy()
    for part in given:
        name, _, share = part.partition("=")
        if name not in STYLES:
            raise ValueError(f"no style {name!r}; there are {', '.join(STYLES)}")
        style[STYLES.index(name)] = float(share)
    return style
