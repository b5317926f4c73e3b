"""A slow, smooth, endless wandering: a pure function of time, from a seed."""

import math
import random

from facewire.face.idle.amounts import STILL

RATES_HZ = (0.09, 0.22, 0.41)
"""None is a multiple of another, so that a minute is like no other minute."""
SHARES = (0.55, 0.3, 0.15)
DEVIATION = math.sqrt(sum(share**2 for share in SHARES) / 2)
"""Standard deviation over time, .45."""


def reach(liveliness: float) -> float:
    """Return how far slow motion goes, of 1 in lively speech, for a liveliness from 0 to 1."""
    return STILL + (1 - STILL) * liveliness


class Drift:
    """A sum of three waves, in [-1, 1], whose rates and phases are drawn once."""

    def __init__(self, draw: random.Random, pace: float = 1.0) -> None:
        """Draw the waves; `pace` is how much faster than `RATES_HZ` they are."""
        self._slow, self._middle, self._fast = (
            (2 * math.pi * pace * rate * draw.uniform(0.85, 1.15), draw.uniform(0, 7))
            for rate in RATES_HZ
        )

    def at(self, time: float) -> float:
        """Return where it is at `time` seconds."""
        (rate0, phase0), (rate1, phase1), (rate2, phase2) = self._slow, self._middle, self._fast
        return (
            SHARES[0] * math.sin(rate0 * time + phase0)
            + SHARES[1] * math.sin(rate1 * time + phase1)
            + SHARES[2] * math.sin(rate2 * time + phase2)
        )
