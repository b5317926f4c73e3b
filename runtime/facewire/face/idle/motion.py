"""All idle motion of one face, on top of what the engine does."""

import numpy as np

from facewire.face.activity import Effort, SpeechActivity
from facewire.face.idle.blink import Blinks
from facewire.face.idle.brow import INNER, OUTER, OUTER_SHARE, Brows
from facewire.face.idle.gaze import RANGE, Gaze, turn_eyes
from facewire.face.idle.head import Angles, Head
from facewire.face.profile import Profile
from facewire.face.regions import JAW_OPEN, indices
from facewire.frames import Weights

_BLINK = indices("eyeBlinkLeft", "eyeBlinkRight")
_WIDE = indices("eyeWideLeft", "eyeWideRight")


class IdleMotion:
    """What a living face does besides speaking: blinks, gaze, brows and head."""

    def __init__(self, profile: Profile, seed: int) -> None:
        self._profile = profile
        self._effort = Effort()
        self._blinks = Blinks(profile.blink_interval, seed)
        self._gaze = Gaze(seed)
        self._brows = Brows(seed)
        self._head = Head(seed)

    def apply(
        self, weights: Weights, head: Angles, time: float, activity: SpeechActivity, dt: float
    ) -> Angles:
        """Add to weights `[52]` in place, and return the angles of the head."""
        profile = self._profile
        effort = self._effort.step(float(weights[JAW_OPEN]), dt)
        raised = profile.brow_strength * self._brows.step(activity, effort, dt)
        weights[INNER] += raised
        weights[OUTER] += OUTER_SHARE * raised
        yaw, pitch, roll = (
            profile.head_strength * angle for angle in self._head.step(time, activity, effort, dt)
        )
        left, up = (profile.saccade_strength * part for part in self._gaze.step(time))
        # The eyes stay on what they look at while the head moves under them.
        turn_eyes(weights, left - yaw / RANGE, up + pitch / RANGE)
        _close_lids(weights, profile.blink_strength * self._blinks.step(time, activity.paused))
        return head[0] + yaw, head[1] + pitch, head[2] + roll


def _close_lids(weights: Weights, closed: float) -> None:
    if closed > 0:
        weights[_BLINK] = np.maximum(weights[_BLINK], np.float32(closed))
        weights[_WIDE] *= np.float32(1 - closed)
