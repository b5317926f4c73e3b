"""Which shapes make a lip gap and a width, and in which shares: those of people.

A measured mouth does not tell its weights, so these shares do, for the rules and for captures alike
(`procedural`, `lip_solver`). People speak with little jaw and much lip: both lips part to show
the teeth, about equally; what the jaw and the funnel open too far, mouthClose takes back. Corners
part by a smile more than by a stretch.
"""

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.face.lips import linear_gap

Floats = NDArray[np.float64]

RIGHT = 0.96
"""The right side of the mouth moves a little less than the left, as most do."""

CORNERS = {"mouthSmile": 1.0, "mouthStretch": 0.12, "mouthDimple": 0.20}
"""How much of each there is for a unit of corners apart."""

UPPER = 0.45
"""The upper lip's share of what lips add to the gap."""

SEAL = 0.19
"""How far past touching lips are pressed, for each jawOpen, as equal mouthClose does."""

MOST_LIPS = 0.8
"""The most that mouthUpperUp and mouthLowerDown are, each."""


def set_shape(weights: Floats, name: str, values: Floats | float) -> None:
    """Set a shape of weights [T, 52]; of one that has two sides, both."""
    if name in arkit.INDEX:
        weights[:, arkit.INDEX[name]] = values
    else:
        weights[:, arkit.INDEX[f"{name}Left"]] = values
        weights[:, arkit.INDEX[f"{name}Right"]] = np.asarray(values) * RIGHT


def of_both(by_shape: NDArray[np.floating], name: str) -> float:
    """Return what a shape of two sides adds to a measure, by the measure's vector [52]."""
    left, right = (float(by_shape[arkit.INDEX[f"{name}{side}"]]) for side in ("Left", "Right"))
    return left + RIGHT * right


def fit_gap(weights: Floats, gap: Floats, upper_share: Floats | float = UPPER) -> Floats:
    """Set the lips of weights [T, 52], whose other shapes are set, so that the gap is as given.

    Where the other shapes open the mouth too little, mouthUpperUp and mouthLowerDown part the lips;
    where too far, mouthClose shuts them, by no more than jawOpen.

    Args:
        weights: [T, 52], changed.
        gap: [T], as `facewire.face.lips.lip_gap`; less than 0 is pressed.
        upper_share: [T] in [0, 1], the upper lip's share of what is missing.

    Returns:
        [T], what is still missing because lips part no further; 0 where nothing is.
    """
    by_shape = linear_gap().astype(np.float64)
    for name in ("mouthUpperUp", "mouthLowerDown"):
        set_shape(weights, name, 0.0)
    set_shape(weights, "mouthClose", 0.0)
    missing = gap - weights @ by_shape
    close = np.clip(missing / by_shape[arkit.INDEX["mouthClose"]], 0.0, None)
    set_shape(weights, "mouthClose", np.minimum(close, weights[:, arkit.INDEX["jawOpen"]]))
    part = np.maximum(missing, 0.0)
    for name, share in (("mouthUpperUp", upper_share), ("mouthLowerDown", 1 - upper_share)):
        set_shape(weights, name, np.minimum(part * share / of_both(by_shape, name), MOST_LIPS))
    return np.maximum(gap - weights @ by_shape, 0.0)
