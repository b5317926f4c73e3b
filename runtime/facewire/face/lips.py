"""How the 52 shapes move the lips: linear figures measured on the ICT face model.

A blendshape face is linear in its weights, so each measure is a constant and a vector of 52. The
unit of length is the lip gap that jawOpen = 1 makes (32.8 mm on the model's neutral face), so
jawOpen alone gives a gap of 1. In this basis mouthClose shuts 1.19 times what jawOpen opens in the
middle: equal weights of both leave the lips sealed and lightly pressed.

Figures: ICT Face Model Light, (c) 2020 USC Institute for Creative Technologies, MIT License
(Li et al. 2020, "Learning Formation of Physically-Based Face Attributes"); the table is made by
`python -m facewire_training.animation.make_lip_geometry DATA_DIR`. The model has no tongueOut.
"""

import json
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from facewire import arkit

Floats = NDArray[np.float32]

SHUT = 0.10
"""The lip gap up to which lips count as met: a tenth of that of jawOpen = 1 (3.3 mm)."""

MEASURES: tuple[str, ...] = ("gap", "width", "protrusion", "lip_below_teeth", "lip_before_teeth")
"""What the table has.

* gap: the middle of the upper lip's inner edge above that of the lower lip
* width: between the corners of the mouth
* protrusion: how far forward the upper lip is (the lower lip's place tells of the jaw)
* lip_below_teeth: how far the lower lip's inner edge is below the upper incisors' edge
* lip_before_teeth: how far it is in front of them
"""


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[float, Floats]]:
    file = resources.files("facewire.face") / "lips.json"
    table = json.loads(file.read_text(encoding="utf-8"))
    found: dict[str, tuple[float, Floats]] = {}
    for name in MEASURES:
        shapes = np.array(table["measures"][name]["shapes"], np.float32)
        vector = arkit.from_named(shapes, table["names"])
        vector.setflags(write=False)
        found[name] = float(table["measures"][name]["neutral"]), vector
    return found


def linear(measure: str) -> tuple[float, Floats]:
    """Return the neutral value of one of `MEASURES` and what each shape adds to it, [52].

    Raises:
        KeyError: there is no such measure.
    """
    neutral, vector = _table()[measure]
    return neutral, vector.copy()


def linear_gap() -> Floats:
    """Return what each shape adds to the lip gap of the neutral face, [52]; jawOpen's is 1."""
    return linear("gap")[1]


def linear_width() -> Floats:
    """Return what each shape adds to the width of the mouth, [52]."""
    return linear("width")[1]


def linear_protrusion() -> Floats:
    """Return how far each shape moves the upper lip forward, [52]."""
    return linear("protrusion")[1]


def lip_gap(weights: NDArray[np.floating]) -> Floats:
    """Return how far apart the lips are in the middle, `[..., 52]` to `[...]`.

    0 is the neutral face or tighter, 1 is jawOpen = 1 alone.
    """
    return np.maximum(_apply("gap", weights), 0.0)


def lips_met(weights: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Tell where the lips count as met, `[..., 52]` to `[...]`."""
    return np.asarray(lip_gap(weights) <= SHUT)


def lip_width(weights: NDArray[np.floating]) -> Floats:
    """Return how much wider than neutral the mouth is, `[..., 52]` to `[...]`; may be negative."""
    return _apply("width", weights)


def lip_protrusion(weights: NDArray[np.floating]) -> Floats:
    """Return how far before its neutral place the upper lip is, `[..., 52]` to `[...]`."""
    return _apply("protrusion", weights)


def labiodental_gap(weights: NDArray[np.floating]) -> Floats:
    """Return how far the lower lip's inner edge is from the upper incisors' edge, `[..., 52]`.

    The distance in the plane of symmetry; higher than the edge, or behind it, counts as touching.
    """
    below = _apply("lip_below_teeth", weights) + np.float32(_table()["lip_below_teeth"][0])
    before = _apply("lip_before_teeth", weights) + np.float32(_table()["lip_before_teeth"][0])
    return np.asarray(np.hypot(np.maximum(below, 0.0), np.maximum(before, 0.0)), np.float32)


def _apply(measure: str, weights: NDArray[np.floating]) -> Floats:
    if weights.shape[-1] != arkit.COUNT:
        raise ValueError(f"{weights.shape[-1]} weights instead of {arkit.COUNT}")
    vector = _table()[measure][1]
    return np.asarray(np.asarray(weights, np.float32) @ vector, np.float32)
