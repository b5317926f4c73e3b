"""From measured lips to weights: `facewire.face.lips` turned round, in the style of `procedural`.

Three measures cannot tell 52 weights. Those that the procedural animation uses are taken, in its
shares (`lip_shares`): jawOpen as seen, pucker before funnel to narrow the mouth, smile, stretch and
dimple to widen it, both lips to open it further than the jaw does, mouthClose to open it less. The
lip gap and width of the result are the given ones, as far as weights in [0, 1] allow.
"""

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.face.lips import linear_gap, linear_width
from facewire_training.animation.lip_shares import CORNERS, SEAL, fit_gap, of_both, set_shape

Floats = NDArray[np.float64]

_FUNNEL = 0.6
"""Funnel for each pucker."""
_FUNNEL_OF_GAP = 0.8
"""How much of the lip gap the funnel may make."""
_PASSES = 4

SHAPES: tuple[str, ...] = (
    "jawOpen",
    "mouthClose",
    "mouthFunnel",
    "mouthPucker",
    *(
        name + side
        for name in (*CORNERS, "mouthLowerDown", "mouthUpperUp")
        for side in ("Left", "Right")
    ),
)
"""The shapes that are solved for: all that move lip gap or width in the procedural animation."""


def solve(
    gap: NDArray[np.floating], width: NDArray[np.floating], jaw: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Return the weights [T, 52] of a mouth with these measures; rows with NaN stay NaN.

    Args:
        gap: [T], the lip gap as `facewire.face.lips.lip_gap` measures it; 0 and less is contact.
        width: [T], as `facewire.face.lips.lip_width` measures it: 0 at rest.
        jaw: [T], jawOpen.
    """
    opened = np.maximum(np.asarray(gap, np.float64), 0.0)
    wide = np.asarray(width, np.float64)
    weights = np.zeros((len(opened), arkit.COUNT))
    set_shape(weights, "jawOpen", np.clip(np.asarray(jaw, np.float64), 0.0, 1.0))
    for _ in range(_PASSES):
        _fit_width(weights, wide, opened)
        jaws = weights[:, arkit.INDEX["jawOpen"]]
        beyond = fit_gap(weights, np.where(opened > 0, opened, -SEAL * jaws))
        set_shape(weights, "jawOpen", np.clip(jaws + beyond, 0.0, 1.0))
    weights[np.isnan(opened + wide + jaw)] = np.nan
    return np.clip(weights, 0.0, 1.0).astype(np.float32)


def _fit_width(weights: Floats, width: Floats, gap: Floats) -> None:
    by_shape = linear_width().astype(np.float64)
    for name in ("mouthPucker", "mouthFunnel", *CORNERS):
        set_shape(weights, name, 0.0)
    missing = width - weights @ by_shape
    pucker, funnel = (by_shape[arkit.INDEX[name]] for name in ("mouthPucker", "mouthFunnel"))
    narrow = np.maximum(-missing, 0.0)
    most = _FUNNEL_OF_GAP * gap / linear_gap()[arkit.INDEX["mouthFunnel"]]
    funnels = np.clip(np.minimum(_FUNNEL * narrow / -(pucker + _FUNNEL * funnel), most), 0.0, 1.0)
    set_shape(weights, "mouthFunnel", funnels)
    set_shape(weights, "mouthPucker", np.clip((narrow + funnel * funnels) / -pucker, 0.0, 1.0))
    corners = sum(share * of_both(by_shape, name) for name, share in CORNERS.items())
    wide = np.clip(np.maximum(missing, 0.0) / corners, 0.0, 1.0)
    for name, share in CORNERS.items():
        set_shape(weights, name, share * wide)
