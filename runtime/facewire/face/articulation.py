"""How clearly the mouth speaks: more or less of every shape, with the same closures.

Viewers prefer lips that articulate too much to lips that do so too little (arXiv 2203.10117).
"""

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.face.calibration import limit
from facewire.face.gap_keeper import GapKeeper
from facewire.face.lips import SHUT
from facewire.face.regions import JAW_OPEN, LOWER, MOUTH_CLOSE, indices
from facewire.frames import Weights

_CONTACTS = indices("mouthRollLower", "mouthPressLeft", "mouthPressRight", "tongueOut")
"""What lets the lower lip touch the teeth, the lips each other, and the tongue be seen: it is never
less. None of it parts the lips, so that less articulation cannot open what was closed."""


class Articulation:
    """Scales the mouth about the pose in which it is shut."""

    def __init__(self, amount: float) -> None:
        """Get ready; `amount` is 1 for what the engine says."""
        self._amount = amount
        self._factors: NDArray[np.float32] = np.ones(arkit.COUNT, np.float32)
        self._factors[LOWER] = amount
        self._factors[_CONTACTS] = max(amount, 1.0)
        self._lips = GapKeeper()

    def apply(self, weights: Weights) -> Weights:
        """Return weights `[52]` in [0, 1]; where there is nothing to do, they are the same.

        A lip gap up to `SHUT`, in which the lips count as met, stays, and what is beyond it is
        scaled: nothing closes that was open, or opens that was closed.
        """
        if self._amount == 1:
            return weights
        spoken = weights.copy()
        limit(spoken, 0, 1)
        spoken[MOUTH_CLOSE] = min(spoken[MOUTH_CLOSE], spoken[JAW_OPEN])
        scaled = spoken * self._factors
        limit(scaled, 0, 1)
        gap = self._lips.of(spoken)
        wanted = min(gap, SHUT) + self._amount * max(gap - SHUT, 0.0)
        self._lips.keep(scaled, spoken, wanted)
        return scaled
