"""The mouth is never quite even: it wanders to a side, and one half works more than the other."""

import random
from typing import NamedTuple

import numpy as np

from facewire.face.idle.amounts import (
    CORNER_FALL,
    CORNER_LIFT,
    CORNER_OPEN_TILT,
    CORNER_TILT,
    JAW_OPEN_SHIFT,
    JAW_SHIFT,
    LEAN_HABIT,
    LEAN_SLOW,
    MOUTH_OPEN_SHIFT,
    MOUTH_SHIFT,
)
from facewire.face.idle.drift import Drift
from facewire.face.regions import indices
from facewire.frames import Weights

_PAIRED = ("Smile", "Frown", "Dimple", "Stretch", "Press", "LowerDown", "UpperUp")
_LEFT = indices(*(f"mouth{name}Left" for name in _PAIRED))
_RIGHT = indices(*(f"mouth{name}Right" for name in _PAIRED))
_MOVED = indices(
    "mouthLeft", "mouthRight", "jawLeft", "jawRight",
    "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight",
)  # fmt: skip

_PACE = 2.5
"""How much faster than `drift.RATES_HZ` the mouth wanders."""


class SideMotion(NamedTuple):
    """What is uneven now."""

    mouth: float
    """mouthLeft, or mouthRight below 0."""
    jaw: float
    """jawLeft, or jawRight below 0."""
    left_corner: float
    """How far it is lifted, as a weight of mouthSmile."""
    right_corner: float
    lean: float
    """By how much more the left half works than the mean of both, as a share."""


class _Bent:
    """What goes to a side: slowly by itself, and, to a side of its own, as the mouth opens."""

    def __init__(self, draw: random.Random, slow: float, opening: float) -> None:
        self._slow, self._opening = slow, opening
        self._habit = draw.uniform(-0.6, 0.6)
        self._drift, self._change = Drift(draw, _PACE), Drift(draw)

    def at(self, time: float, alive: float, gap: float) -> float:
        way = self._habit + (1 - abs(self._habit)) * self._change.at(time)
        return alive * self._slow * self._drift.at(time) + self._opening * way * gap


class Sides:
    """What is uneven over time, from a seed and how far the lips are apart."""

    def __init__(self, seed: int) -> None:
        draw = random.Random(f"{seed}/sides")
        self._habit = draw.uniform(-LEAN_HABIT, LEAN_HABIT)
        self._lean, self._lift = Drift(draw), Drift(draw)
        self._mouth = _Bent(draw, MOUTH_SHIFT, MOUTH_OPEN_SHIFT)
        self._jaw = _Bent(draw, JAW_SHIFT, JAW_OPEN_SHIFT)
        self._tilt = _Bent(draw, CORNER_TILT, CORNER_OPEN_TILT)

    def at(self, time: float, alive: float, gap: float) -> SideMotion:
        """Return the motion at `time` seconds, with a lip gap from 0 to 1."""
        lift = alive * CORNER_LIFT * self._lift.at(time)
        tilt = self._tilt.at(time, alive, gap)
        return SideMotion(
            mouth=self._mouth.at(time, alive, gap),
            jaw=self._jaw.at(time, alive, gap),
            left_corner=lift + tilt,
            right_corner=lift - tilt,
            lean=self._habit + LEAN_SLOW * self._lean.at(time),
        )


def move_sides(weights: Weights, motion: SideMotion, strength: float) -> None:
    """Move the mouth and jaw of weights `[52]` in place; what two sides do together stays."""
    mouth, jaw, left, right, lean = (strength * part for part in motion)
    more = np.float32(lean) * np.minimum(weights[_LEFT], weights[_RIGHT])
    weights[_LEFT] += more
    weights[_RIGHT] -= more
    moved = (mouth, -mouth, jaw, -jaw, left, right, -CORNER_FALL * left, -CORNER_FALL * right)
    weights[_MOVED] += np.array([max(amount, 0.0) for amount in moved], np.float32)
