"""Brings the lips as far apart as they should be, with the jaw, whatever else has moved them."""

import math

import numpy as np

from facewire.face.lips import linear_gap
from facewire.face.regions import JAW_OPEN, MOUTH_CLOSE
from facewire.frames import Weights

UNSEEN = 0.002
"""A change of the gap that nobody sees, .07 mm: shut lips could not smile without it."""
_EXACT = 1e-6


class GapKeeper:
    """Takes back what motion does to the lip gap of the ICT face."""

    def __init__(self) -> None:
        self._gap = linear_gap()

    def of(self, weights: Weights) -> float:
        """Return the gap of weights `[52]`, 0 where the lips have met; jawOpen alone makes 1."""
        return max(float(self._gap @ weights), 0.0)

    def keep(self, weights: Weights, spoken: Weights, wanted: float) -> None:
        """Bring the lip gap of weights `[52]`, which were moved from `spoken`, to `wanted`.

        Lips that are to meet may press. The jaw makes up for the rest, and where it cannot, because
        it is shut, wide open, or as far open as mouthClose closes it, what moved goes back: to the
        gap of `spoken`, if that is the way to `wanted`. Both are in [0, 1]; in place.
        """
        change = float(self._gap @ weights) - wanted
        if abs(change) <= UNSEEN or (change < 0 and wanted == 0):
            return
        excess = change - math.copysign(UNSEEN, change)
        jaw, close = float(weights[JAW_OPEN]), float(weights[MOUTH_CLOSE])
        made_up = min(max(-excess, close - jaw), 1 - jaw)
        if abs(excess + made_up) > _EXACT:
            self._go_back(weights, spoken, excess + made_up)
        weights[JAW_OPEN] = max(jaw + made_up, float(weights[MOUTH_CLOSE]))

    def _go_back(self, weights: Weights, spoken: Weights, excess: float) -> None:
        """Take as much of what moved the gap that way back as undoes the excess."""
        moved = weights - spoken
        effect = self._gap * moved
        effect[JAW_OPEN] = 0.0
        if excess > 0:
            # The jaw, which has done what it can, would have to open again for more of it.
            effect[MOUTH_CLOSE] = 0.0
        guilty = effect > 0 if excess > 0 else effect < 0
        total = float(effect[guilty].sum())
        if total != 0:
            weights[guilty] -= moved[guilty] * np.float32(min(excess / total, 1.0))
