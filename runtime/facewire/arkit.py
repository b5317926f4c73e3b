"""The 52 ARKit blendshapes: Apple's names, in the order of Live Link Face.

Only names cross a border: tensors are mapped by name, never by position alone.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

NAMES: tuple[str, ...] = (
    "eyeBlinkLeft",
    "eyeLookDownLeft",
    "eyeLookInLeft",
    "eyeLookOutLeft",
    "eyeLookUpLeft",
    "eyeSquintLeft",
    "eyeWideLeft",
    "eyeBlinkRight",
    "eyeLookDownRight",
    "eyeLookInRight",
    "eyeLookOutRight",
    "eyeLookUpRight",
    "eyeSquintRight",
    "eyeWideRight",
    "jawForward",
    "jawLeft",
    "jawRight",
    "jawOpen",
    "mouthClose",
    "mouthFunnel",
    "mouthPucker",
    "mouthLeft",
    "mouthRight",
    "mouthSmileLeft",
    "mouthSmileRight",
    "mouthFrownLeft",
    "mouthFrownRight",
    "mouthDimpleLeft",
    "mouthDimpleRight",
    "mouthStretchLeft",
    "mouthStretchRight",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    "browDownLeft",
    "browDownRight",
    "browInnerUp",
    "browOuterUpLeft",
    "browOuterUpRight",
    "cheekPuff",
    "cheekSquintLeft",
    "cheekSquintRight",
    "noseSneerLeft",
    "noseSneerRight",
    "tongueOut",
)

COUNT = len(NAMES)

INDEX: dict[str, int] = {name: index for index, name in enumerate(NAMES)}


@lru_cache(maxsize=16)
def _positions(names: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    lowered = {name.lower(): index for name, index in INDEX.items()}
    pairs = ((lowered.get(name.lower()), column) for column, name in enumerate(names))
    return tuple((row, column) for row, column in pairs if row is not None)


def from_named(values: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.float32]:
    """Map `[..., len(names)]` values to `[..., 52]` by name, whatever the case of the names.

    Names that are not ARKit's are left out; ARKit shapes that are not named become zero.

    Raises:
        ValueError: the number of names differs from the last dimension.
    """
    if values.shape[-1] != len(names):
        raise ValueError(f"{len(names)} names for {values.shape[-1]} values")
    mapped = np.zeros((*values.shape[:-1], COUNT), np.float32)
    for row, column in _positions(tuple(names)):
        mapped[..., row] = values[..., column]
    return mapped
