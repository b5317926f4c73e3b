"""The lower face comes to rest in silence, and wakes before anyone sees a delay."""

import numpy as np

from facewire import arkit
from facewire.face.activity import PAUSE, SpeechActivity, smoothstep
from facewire.face.regions import LOWER
from facewire.frames import Weights

RELEASE = 0.33
"""Seconds from moving to rest: ten frames at 30 a second, as in UniTAF (arXiv 2602.15651)."""

ATTACK = 0.05
"""Seconds from rest to moving."""


class RestPose:
    """Eases the lower face between the engine's weights and the pose of silence."""

    def __init__(self, rest: Weights) -> None:
        self._rest = rest
        self._level = 0.0
        self._level_of_speech = 0.0
        self._share = np.ones(arkit.COUNT, np.float32)

    def apply(self, weights: Weights, activity: SpeechActivity, dt: float) -> None:
        """Ease weights `[52]` in place, as far as the last `dt` seconds allow."""
        if activity.speaking:
            self._level = min(1.0, self._level + dt / ATTACK)
            self._level_of_speech = self._level
        else:
            released = smoothstep((activity.quiet - PAUSE) / RELEASE)
            self._level = self._level_of_speech * (1 - released)
        if self._level < 1:
            self._share[LOWER] = self._level
            weights -= self._rest
            weights *= self._share
            weights += self._rest
