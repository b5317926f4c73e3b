"""From measured lips to weights: `facewire.face.lips` turned round, in the style of `procedural`.

Three measures cannot tell 52 weights. Those that the procedural animation uses are taken, in its
proportions: jawOpen as seen, pucker before funnel to narrow the mouth, smile and stretch to widen
it, lower and upper lip to open it further than the jaw does, mouthClose to open it less. The lip
gap and width of the result are the given ones, as far as weights in [0, 1] allow.
"""

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.face.lips import linear_gap, linear_width

Floats = NDArray[np.float64]

_LEFT_RIGHT = ("Left", "Right")
_SPREAD = {"mouthStretch": 0.55, "mouthSmile": 0.50, "mouthDimple": 0.20}
_LIPS = {"mouthLowerDown": 1.0, "mouthUpperUp": 0.6}
_FUNNEL = 0.4
"""Funnel for each pucker."""
_FUNNEL_OF_GAP = 0.8
"""How much of the lip gap the funnel may make."""
_MOST_LIPS = 0.6
_SEAL = 0.19
"""How far past touching lips are pressed, for each jawOpen, as equal mouthClose does."""
_PASSES = 4

SHAPES: tuple[str, ...] = (
    "jawOpen",
    "mouthClose",
    "mouthFunnel",
    "mouthPucker",
    *(name + side for name in (*_SPREAD, *_LIPS) for side in _LEFT_RIGHT),
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
    _set(weights, "jawOpen", np.clip(np.asarray(jaw, np.float64), 0.0, 1.0))
    for _ in range(_PASSES):
        _fit_width(weights, wide, opened)
        _fit_gap(weights, opened)
    weights[np.isnan(opened + wide + jaw)] = np.nan
    return np.clip(weights, 0.0, 1.0).astype(np.float32)


def _fit_width(weights: Floats, width: Floats, gap: Floats) -> None:
    by_shape = linear_width().astype(np.float64)
    for name in ("mouthPucker", "mouthFunnel"):
        _set(weights, name, np.zeros(len(weights)))
    _set_both(weights, _SPREAD, np.zeros(len(weights)))
    missing = width - weights @ by_shape
    pucker, funnel = (by_shape[arkit.INDEX[name]] for name in ("mouthPucker", "mouthFunnel"))
    narrow = np.maximum(-missing, 0.0)
    most = _FUNNEL_OF_GAP * gap / linear_gap()[arkit.INDEX["mouthFunnel"]]
    funnels = np.minimum(_FUNNEL * narrow / -(pucker + _FUNNEL * funnel), most)
    _set(weights, "mouthFunnel", np.clip(funnels, 0.0, 1.0))
    _set(weights, "mouthPucker", np.clip((narrow + funnel * funnels) / -pucker, 0.0, 1.0))
    spread = np.maximum(missing, 0.0) / _both(by_shape, _SPREAD)
    _set_both(weights, _SPREAD, np.clip(spread, 0.0, 1.0))


def _fit_gap(weights: Floats, gap: Floats) -> None:
    by_shape = linear_gap().astype(np.float64)
    _set_both(weights, _LIPS, np.zeros(len(weights)))
    _set(weights, "mouthClose", np.zeros(len(weights)))
    wanted = np.where(gap > 0, gap, -_SEAL * weights[:, arkit.INDEX["jawOpen"]])
    missing = wanted - weights @ by_shape
    lips = np.clip(missing / _both(by_shape, _LIPS), 0.0, _MOST_LIPS)
    _set_both(weights, _LIPS, lips)
    _set(weights, "mouthClose", np.clip(missing / by_shape[arkit.INDEX["mouthClose"]], 0.0, 1.0))
    beyond = np.maximum(missing - lips * _both(by_shape, _LIPS), 0.0)
    weights[:, arkit.INDEX["jawOpen"]] = np.clip(weights[:, arkit.INDEX["jawOpen"]] + beyond, 0, 1)


def _both(by_shape: Floats, shares: dict[str, float]) -> float:
    """Return what a unit of shapes on both sides adds to a measure."""
    return sum(
        share * float(by_shape[arkit.INDEX[name + side]])
        for name, share in shares.items()
        for side in _LEFT_RIGHT
    )


def _set(weights: Floats, name: str, values: Floats) -> None:
    weights[:, arkit.INDEX[name]] = values


def _set_both(weights: Floats, shares: dict[str, float], values: Floats) -> None:
    for name, share in shares.items():
        for side in _LEFT_RIGHT:
            _set(weights, name + side, share * values)
