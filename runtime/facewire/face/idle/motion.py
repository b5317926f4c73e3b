"""All idle motion of one face, on top of what the engine does."""

import numpy as np

from facewire.face.activity import Effort, SpeechActivity, approach
from facewire.face.calibration import limit
from facewire.face.gap_keeper import GapKeeper
from facewire.face.idle.amounts import BREATH_NOSE, BREATH_PITCH, BREATH_PRESS
from facewire.face.idle.blink import Blinks
from facewire.face.idle.breath import Breath
from facewire.face.idle.brow import Brows, move_brows
from facewire.face.idle.companions import Companions
from facewire.face.idle.drift import reach
from facewire.face.idle.gaze import RANGE, Gaze, turn_eyes
from facewire.face.idle.head import Angles, Head
from facewire.face.idle.sides import Sides, move_sides
from facewire.face.idle.squint import Squint
from facewire.face.profile import Profile
from facewire.face.regions import JAW_OPEN, indices
from facewire.frames import Weights

_BLINK = indices("eyeBlinkLeft", "eyeBlinkRight")
_WIDE = indices("eyeWideLeft", "eyeWideRight")
_SQUINT = indices("eyeSquintLeft", "eyeSquintRight")
_BREATHING = indices("noseSneerLeft", "noseSneerRight", "mouthPressLeft", "mouthPressRight")
_BREATH = np.array((BREATH_NOSE, BREATH_NOSE, BREATH_PRESS, BREATH_PRESS), np.float32)

_AWAKE = 0.5
"""Seconds of quiet after which somebody is taken to have stopped speaking."""
_CALMING = 0.8
"""Time constant in seconds, from lively to calm and back."""


class IdleMotion:
    """What a living face does besides speaking, each part scaled by the profile."""

    def __init__(self, profile: Profile, seed: int) -> None:
        self._profile = profile
        self._liveliness = 0.0
        self._effort = Effort()
        self._companions = Companions(profile)
        self._sides = Sides(seed)
        self._brows = Brows(seed)
        self._squint = Squint(seed)
        self._breath = Breath(seed)
        self._head = Head(seed)
        self._gaze = Gaze(seed)
        self._blinks = Blinks(profile.blink_interval, seed)
        self._lips = GapKeeper()

    def apply(
        self, weights: Weights, head: Angles, time: float, activity: SpeechActivity, dt: float
    ) -> Angles:
        """Add to weights `[52]` in [0, 1] in place, and return the angles of the head."""
        profile, spoken = self._profile, weights.copy()
        speaking = 1.0 if activity.quiet < _AWAKE else 0.0
        self._liveliness = approach(self._liveliness, speaking, dt, _CALMING)
        alive = reach(self._liveliness)
        effort = self._effort.step(float(weights[JAW_OPEN]), dt)

        self._companions.step(weights, dt)
        gap = self._lips.of(spoken)
        sides = self._sides.at(time, alive, min(gap, 1.0))
        move_sides(weights, sides, profile.asymmetry_strength)
        brows = self._brows.step(time, activity, effort, self._liveliness, dt)
        move_brows(weights, brows, profile.brow_strength)
        tight = self._squint.step(time, effort, alive, dt)
        weights[_SQUINT] += np.float32(profile.cheek_strength * tight)
        breath = profile.breath_strength * self._breath.step(time, activity, 1 - self._liveliness)
        weights[_BREATHING] += np.float32(breath) * _BREATH

        yaw, pitch, roll = (
            profile.head_strength * angle
            for angle in self._head.step(time, activity, effort, self._liveliness, dt)
        )
        pitch -= BREATH_PITCH * breath
        left, up = (profile.saccade_strength * part for part in self._gaze.step(time))
        # The eyes stay on what they look at while the head moves under them.
        turn_eyes(weights, left - yaw / RANGE, up + pitch / RANGE)
        _close_lids(weights, profile.blink_strength * self._blinks.step(time, activity.paused))
        limit(weights, 0, 1)
        self._lips.keep(weights, spoken, gap)
        return head[0] + yaw, head[1] + pitch, head[2] + roll


def _close_lids(weights: Weights, closed: float) -> None:
    if closed > 0:
        weights[_BLINK] = np.maximum(weights[_BLINK], np.float32(closed))
        weights[_WIDE] *= np.float32(1 - closed)
