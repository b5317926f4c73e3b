"""Lower lids: they tighten a little with stress, and slowly by themselves."""

import random

from facewire.face.activity import approach
from facewire.face.idle.amounts import SQUINT_EFFORT, SQUINT_SLOW
from facewire.face.idle.drift import Drift

_LAG = 0.12
"""Time constant in seconds."""
_PACE = 3.0
"""How much faster than `drift.RATES_HZ` it changes."""


class Squint:
    """How far both eyes squint over time, from a seed and the speech."""

    def __init__(self, seed: int) -> None:
        self._drift = Drift(random.Random(f"{seed}/squint"), _PACE)
        self._tight = 0.0

    def step(self, time: float, effort: float, alive: float, dt: float) -> float:
        """Return eyeSquint at `time` seconds, `dt` after the last."""
        self._tight = approach(self._tight, SQUINT_EFFORT * effort, dt, _LAG)
        return self._tight + alive * SQUINT_SLOW * (1 + self._drift.at(time)) / 2
