"""Head: slow drift that is livelier in speech, another posture for each phrase, nods with stress.

Angles are radians, right-handed, with x to the speaker's left, y up and z out of the face: yaw
above 0 turns to the speaker's left, pitch above 0 looks down, roll above 0 lifts the left ear.
"""

import math
import random

from facewire.face.activity import SpeechActivity, approach, smoothstep
from facewire.face.idle.amounts import HEAD_FINE, POSTURE
from facewire.face.idle.drift import Drift, reach

Angles = tuple[float, float, float]
"""Yaw, pitch and roll in radians."""

_REACH: Angles = (0.042, 0.026, 0.021)
"""Largest drift in speech."""
_FINE_PACE = 4.0
"""How much faster than `drift.RATES_HZ` the quick turns are."""
_NOD = 0.13
"""Radians of pitch for an effort of 1; real ones stay below 0.3."""
_SETTLING = 1.2
"""Seconds until a new posture is reached."""
_FURTHEST = 1.5
"""In deviations of `POSTURE`."""


class Head:
    """How the head is held over time, from a seed and the speech."""

    def __init__(self, seed: int) -> None:
        draw = random.Random(f"{seed}/head")
        self._drifts = [Drift(draw) for _ in _REACH]
        quick = random.Random(f"{seed}/head, quick")
        self._quick = [Drift(quick, _FINE_PACE) for _ in HEAD_FINE]
        self._random = random.Random(f"{seed}/posture")
        self._begun = -math.inf
        self._from: Angles = (0.0, 0.0, 0.0)
        self._to: Angles = (0.0, 0.0, 0.0)
        self._lag = 0.0
        self._nod = 0.0

    def step(
        self, time: float, activity: SpeechActivity, effort: float, liveliness: float, dt: float
    ) -> Angles:
        """Return the angles at `time` seconds, `dt` after the last."""
        self._lag = approach(self._lag, _NOD * effort, dt, 0.08)
        self._nod = approach(self._nod, self._lag, dt, 0.08)
        held = self._held(time)
        if activity.onset:
            yaw, pitch, roll = (self._drawn(deviation) for deviation in POSTURE)
            self._begun, self._from, self._to = time, held, (yaw, pitch, roll)
        alive = reach(liveliness)
        yaw, pitch, roll = (
            held[axis]
            + alive * _REACH[axis] * self._drifts[axis].at(time)
            + liveliness * HEAD_FINE[axis] * self._quick[axis].at(time)
            for axis in range(3)
        )
        return yaw, pitch + self._nod, roll

    def _held(self, time: float) -> Angles:
        """Return the posture on the way from the last one to the one of this phrase."""
        done = smoothstep((time - self._begun) / _SETTLING)
        yaw, pitch, roll = (
            was + done * (goal - was) for was, goal in zip(self._from, self._to, strict=True)
        )
        return yaw, pitch, roll

    def _drawn(self, deviation: float) -> float:
        far = _FURTHEST * deviation
        return min(max(self._random.gauss(0, deviation), -far), far)
