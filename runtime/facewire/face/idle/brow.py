"""Brows: up with stressed syllables and where speech begins, a little down between, never alike."""

import math
import random
from typing import NamedTuple

import numpy as np

from facewire.face.activity import SpeechActivity, approach
from facewire.face.idle.amounts import (
    BROW_DOWN,
    BROW_FINE,
    BROW_LOWERED,
    BROW_SWAY,
    BROW_TILT,
    EYES_WIDE,
)
from facewire.face.idle.drift import Drift, reach
from facewire.face.regions import indices
from facewire.frames import Weights

_BROWS = indices("browInnerUp", "browOuterUpLeft", "browOuterUpRight")
_DOWN = indices("browDownLeft", "browDownRight")
_WIDE = indices("eyeWideLeft", "eyeWideRight")

OUTER_SHARE = 0.6
"""How far the outer brows follow the inner ones."""

_FLASH = 0.5
"""Seconds that a raise at the start of speech takes."""
_PER_EFFORT = 0.45
_LAG = 0.12
_FALL = np.float32(BROW_DOWN)
_PACE, _FINE_PACE = 1.8, 5.0
"""How much faster than `drift.RATES_HZ` the height changes."""


class BrowMotion(NamedTuple):
    """Where the brows are, as weights of browInnerUp."""

    raised: float
    """By speech, from 0 to about 0.35."""
    sway: float
    """Above or below that."""
    tilt: float
    """The left outer brow above the mean of both."""


class Brows:
    """How the brows move over time, from a seed and the speech."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"{seed}/brow")
        slow = random.Random(f"{seed}/brow drift")
        self._sway, self._tilt = Drift(slow, _PACE), Drift(slow, _PACE)
        self._fine = Drift(slow, _FINE_PACE)
        self._since_onset = math.inf
        self._height = 0.0
        self._raised = 0.0

    def step(
        self, time: float, activity: SpeechActivity, effort: float, liveliness: float, dt: float
    ) -> BrowMotion:
        """Return the motion at `time` seconds, `dt` after the last."""
        self._since_onset += dt
        if activity.onset:
            self._since_onset = 0.0
            self._height = self._random.uniform(0.04, 0.14)
        flash = 0.0
        if self._since_onset < _FLASH:
            flash = self._height * math.sin(math.pi * self._since_onset / _FLASH) ** 2
        self._raised = approach(self._raised, flash + _PER_EFFORT * effort, dt, _LAG)
        alive = reach(liveliness)
        slow, fine = BROW_SWAY * self._sway.at(time), BROW_FINE * self._fine.at(time)
        sway = alive * (slow + fine) - BROW_LOWERED * liveliness
        return BrowMotion(self._raised, sway, alive * BROW_TILT * self._tilt.at(time))


def move_brows(weights: Weights, motion: BrowMotion, strength: float) -> None:
    """Move the brows of weights `[52]` in place.

    An engine that raises them for the same stress is not outdone: the higher raise counts.
    """
    raised, sway, tilt = (strength * part for part in motion)
    inner, left, right = weights[_BROWS].tolist()
    height = max(inner, raised)
    if raised > 0:
        # Whole brows that go up take the lids along; inner ends alone, as in sadness, do not.
        whole = max(min(inner, left / OUTER_SHARE, right / OUTER_SHARE), raised)
        weights[_WIDE] += np.float32(EYES_WIDE * strength * whole)
    weights[_BROWS] = (
        max(height + sway, 0.0),
        max(max(left, OUTER_SHARE * raised) + OUTER_SHARE * sway + tilt, 0.0),
        max(max(right, OUTER_SHARE * raised) + OUTER_SHARE * sway - tilt, 0.0),
    )
    low = -height - sway
    weights[_DOWN] += np.array([max(low - tilt, 0.0), max(low + tilt, 0.0)], np.float32) * _FALL
