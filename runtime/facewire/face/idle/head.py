"""Head: slow drift that is livelier in speech, and a small nod on stressed syllables.

Angles are radians, right-handed, with x to the speaker's left, y up and z out of the face: yaw
above 0 turns to the speaker's left, pitch above 0 looks down, roll above 0 lifts the left ear.
"""

import math
import random

from facewire.face.activity import SpeechActivity, approach

Angles = tuple[float, float, float]
"""Yaw, pitch and roll in radians."""

_RATES_HZ = (0.09, 0.22, 0.41)
_SHARES = (0.55, 0.3, 0.15)
_REACH: Angles = (0.042, 0.026, 0.021)
"""Largest drift in speech."""

_STILL = 0.4
"""How much of the drift is left in silence."""
_NOD = 0.13
"""Radians of pitch for an effort of 1; real ones stay below 0.3."""


class Head:
    """How the head is held over time, from a seed and the speech."""

    def __init__(self, seed: int) -> None:
        draw = random.Random(f"{seed}/head")
        self._waves = [
            [
                (2 * math.pi * rate * draw.uniform(0.85, 1.15), reach * share, draw.uniform(0, 7))
                for rate, share in zip(_RATES_HZ, _SHARES, strict=True)
            ]
            for reach in _REACH
        ]
        self._liveliness = 0.0
        self._lag = 0.0
        self._nod = 0.0

    def step(self, time: float, activity: SpeechActivity, effort: float, dt: float) -> Angles:
        """Return the angles at `time` seconds, `dt` after the last."""
        speaking = 1.0 if activity.quiet < 0.5 else 0.0
        self._liveliness = approach(self._liveliness, speaking, dt, 0.8)
        self._lag = approach(self._lag, _NOD * effort, dt, 0.08)
        self._nod = approach(self._nod, self._lag, dt, 0.08)
        drift = _STILL + (1 - _STILL) * self._liveliness
        yaw, pitch, roll = (
            drift * sum(reach * math.sin(rate * time + phase) for rate, reach, phase in waves)
            for waves in self._waves
        )
        return yaw, pitch + self._nod, roll
