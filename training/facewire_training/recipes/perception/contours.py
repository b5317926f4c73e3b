"""Where lips and teeth are, seen from the front: points that are linear in the 52 weights."""

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from facewire import arkit

Floats = NDArray[np.float32]

CONTOURS: tuple[str, ...] = (
    "upper_outer",
    "upper_inner",
    "lower_inner",
    "lower_outer",
    "upper_teeth",
    "lower_teeth",
)
"""What there is: both edges of both lips, and the edges of the teeth. Each runs from the speaker's
right to the left."""


@dataclass(frozen=True, slots=True, eq=False)
class Contour:
    """Points of a line across the mouth, in mm; x is to the speaker's left, y up."""

    neutral: Floats
    """[P, 2]"""
    moves: Floats
    """[52, P, 2], what each shape adds at weight 1."""


@lru_cache(maxsize=1)
def load_contours() -> dict[str, Contour]:
    """Return the `CONTOURS`, by name.

    They were measured on the ICT Face Model Light, (c) 2020 USC Institute for Creative
    Technologies, MIT License, by `make_mouth_contours`.
    """
    file = resources.files("facewire_training.recipes.perception") / "mouth_contours.json"
    table = json.loads(file.read_text(encoding="utf-8"))["contours"]
    found: dict[str, Contour] = {}
    for name in CONTOURS:
        neutral = np.array(table[name]["neutral"], np.float32)
        moves = np.zeros((arkit.COUNT, *neutral.shape), np.float32)
        for shape, moved in table[name]["shapes"].items():
            moves[arkit.INDEX[shape]] = moved
        for array in (neutral, moves):
            array.setflags(write=False)
        found[name] = Contour(neutral, moves)
    return found
