"""Breath: in after each phrase, before the next, and quietly where nobody speaks for long.

A stage that hears no further than its frames cannot know that speech is about to begin; people
breathe in as they pause, so that the breath of a phrase comes after the one before it.
"""

import math
import random

from facewire.face.activity import PAUSE, SpeechActivity, smoothstep

_IN, _OUT = 0.45, 0.8
"""Seconds."""
_QUIET_HZ = (0.2, 0.28)
"""Breaths per second of somebody who sits and listens: 12 to 17 a minute."""
_QUIET_DEPTH = 0.35


class Breath:
    """How far the breath is in over time, from a seed and the pauses."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"{seed}/breath")
        self._rate = 2 * math.pi * self._random.uniform(*_QUIET_HZ)
        self._phase = self._random.uniform(0, 2 * math.pi)
        self._begun = -math.inf
        self._depth = 0.0

    def step(self, time: float, activity: SpeechActivity, calm: float) -> float:
        """Return how far it is in at `time` seconds, from 0 to 1; `calm` is 1 in long silence."""
        if activity.paused:
            # Not when a frame happens to tell: frames of any rate agree.
            self._begun = time - (activity.quiet - PAUSE)
            self._depth = self._random.uniform(0.6, 1.0)
        elapsed = time - self._begun
        taken = smoothstep(elapsed / _IN) - smoothstep((elapsed - _IN) / _OUT)
        quiet = calm * _QUIET_DEPTH * (1 - math.cos(self._rate * time + self._phase)) / 2
        return max(self._depth * taken, quiet)
