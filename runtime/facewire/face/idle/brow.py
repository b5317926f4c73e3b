"""Brows: they rise a little with stressed syllables, and when someone begins to speak."""

import math
import random

from facewire.face.activity import SpeechActivity, approach
from facewire.face.regions import indices

INNER = indices("browInnerUp")
OUTER = indices("browOuterUpLeft", "browOuterUpRight")

OUTER_SHARE = 0.6
"""How far the outer brows follow the inner ones."""

_FLASH = 0.5
"""Seconds that a raise at the start of speech takes."""
_PER_EFFORT = 0.45
_LAG = 0.12


class Brows:
    """How far the brows are raised over time, from a seed and the speech."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"{seed}/brow")
        self._since_onset = math.inf
        self._height = 0.0
        self._raised = 0.0

    def step(self, activity: SpeechActivity, effort: float, dt: float) -> float:
        """Return the raise, from 0 to about 0.35, `dt` seconds after the last."""
        self._since_onset += dt
        if activity.onset:
            self._since_onset = 0.0
            self._height = self._random.uniform(0.04, 0.14)
        flash = 0.0
        if self._since_onset < _FLASH:
            flash = self._height * math.sin(math.pi * self._since_onset / _FLASH) ** 2
        self._raised = approach(self._raised, flash + _PER_EFFORT * effort, dt, _LAG)
        return self._raised
