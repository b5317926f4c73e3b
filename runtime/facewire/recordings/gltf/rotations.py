"""Where heads and eyes turn, as quaternions x, y, z, w in glTF's axes, which are ours.

x to the speaker's left, y up, z out of the face (docs/face.md).
"""

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.face.idle.gaze import RANGE

Rotations = NDArray[np.float64]

_DOWN = 0.45
"""Radians that an eye turns down or up to a weight of 1: eyes turn further aside than down."""


def rotations(angles: NDArray[np.floating]) -> Rotations:
    """Return the rotations, [T, 4], of yaw, pitch and roll in radians, [T, 3]; yaw comes last."""
    yaw, pitch, roll = angles.astype(np.float64).T / 2
    zero = np.zeros_like(yaw)
    turn = np.stack([zero, np.sin(yaw), zero, np.cos(yaw)], axis=1)
    nod = np.stack([np.sin(pitch), zero, zero, np.cos(pitch)], axis=1)
    tilt = np.stack([zero, zero, np.sin(roll), np.cos(roll)], axis=1)
    return product(product(turn, nod), tilt)


def gaze(weights: NDArray[np.floating], side: str) -> NDArray[np.float64]:
    """Return where an eye looks: yaw, pitch and roll in radians, [T, 3].

    Args:
        weights: [T, 52].
        side: "Left" or "Right", the speaker's.
    """
    left, right = ("Out", "In") if side == "Left" else ("In", "Out")

    def weight(direction: str) -> NDArray[np.float64]:
        return weights[:, arkit.INDEX[f"eyeLook{direction}{side}"]].astype(np.float64)

    yaw = (weight(left) - weight(right)) * RANGE
    pitch = (weight("Down") - weight("Up")) * _DOWN
    return np.stack([yaw, pitch, np.zeros_like(yaw)], axis=1)


def product(first: Rotations, second: Rotations) -> Rotations:
    """Return the rotation that does the second, and then the first."""
    ax, ay, az, aw = np.moveaxis(first, -1, 0)
    bx, by, bz, bw = np.moveaxis(second, -1, 0)
    return np.stack(
        [
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
            aw * bw - ax * bx - ay * by - az * bz,
        ],
        axis=-1,
    )
