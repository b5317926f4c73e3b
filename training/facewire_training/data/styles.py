"""Whose way of moving the mouth: that of the rules, or that of somebody who was captured.

A style is a point [2]: all zeros are the rules of `procedural`, a 1 in a place is a captured
speaker. The decoder gets it as an input, so that it need not take the mean of people who differ,
and so that any point between them can be exported.
"""

import argparse
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.errors import ConfigError
from facewire_training.animation.lip_solver import SHAPES
from facewire_training.data.corpora.facegood import KNOWN
from facewire_training.option_ranges import number

STYLES: tuple[str, ...] = ("grid", "facegood")
"""Corpora of captured faces, each a style."""

CAPTURED: tuple[str, ...] = (*STYLES, "beat2", "beat1")
"""Corpora whose faces were captured, whether or not the embedded model has a style of theirs."""

DECIDES: dict[str, tuple[str, ...]] = {"grid": SHAPES, "facegood": KNOWN}
"""The shapes that were seen; the others are the rules' in every style."""

GROUPS: dict[str, tuple[str, ...]] = {
    "width": (
        "mouthPucker", "mouthFunnel", "mouthStretchLeft", "mouthStretchRight", "mouthSmileLeft",
        "mouthSmileRight", "mouthDimpleLeft", "mouthDimpleRight",
    )
}  # fmt: skip
"""Shapes that may have more or less of a style than the others."""


def style_of(corpus: str) -> NDArray[np.float32]:
    """Return the style of a corpus, [2]."""
    return np.array([corpus == name for name in STYLES], np.float32)


def decided(style: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which of the 52 shapes a style other than the rules' decides."""
    names = {
        shape for name, share in zip(STYLES, style, strict=True) if share for shape in DECIDES[name]
    }
    return np.isin(arkit.NAMES, sorted(names))


_share = number(0, 1)


def parse_styles(given: Sequence[str]) -> NDArray[np.float32]:
    """Read how much of each style each shape shall have, [2, 52], from what is written on a line.

    `grid=0.3` is for all shapes, `grid:width=0.8` for those that make the mouth wider or narrower;
    what comes later counts more, and what is not named is 0.

    Raises:
        ConfigError: there is no such style or group of shapes, or the share is not from 0 to 1.
    """
    shares = np.zeros((len(STYLES), arkit.COUNT), np.float32)
    for part in given:
        whole, _, share = part.partition("=")
        name, _, group = whole.partition(":")
        if name not in STYLES:
            raise ConfigError(f"no style {name!r}; there are {', '.join(STYLES)}")
        if group not in ("", *GROUPS):
            raise ConfigError(f"no group of shapes {group!r}; there are {', '.join(GROUPS)}")
        meant = np.isin(arkit.NAMES, GROUPS[group]) if group else np.ones(arkit.COUNT, bool)
        try:
            shares[STYLES.index(name), meant] = _share(share)
        except argparse.ArgumentTypeError as error:
            raise ConfigError(f"the share of a style, as in {name}=0.3, {error}") from None
    return shares
