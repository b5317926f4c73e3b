"""Gaze: fixations close to the viewer's eyes, with quick small jumps between them."""

import math
import random

import numpy as np

from facewire.face.activity import smoothstep
from facewire.face.regions import indices
from facewire.frames import Weights

SACCADE = 0.05
"""Seconds that a jump takes."""

RANGE = 0.6
"""Radians that an eye turns from straight ahead to a weight of 1, about 35 degrees."""

_MEAN_FIXATION, _FIXATION_SPREAD = 1.4, 0.6
_SHORTEST_FIXATION, _LONGEST_AWAY = 0.25, 1.2
_AWAY = 0.35
"""How often the next fixation leaves the viewer's face."""

_TOWARDS = indices("eyeLookOutLeft", "eyeLookInRight", "eyeLookUpLeft", "eyeLookUpRight")
_OPPOSITE = indices("eyeLookInLeft", "eyeLookOutRight", "eyeLookDownLeft", "eyeLookDownRight")


class Gaze:
    """Where both eyes look over time, from a seed: (to the speaker's left, up), as weights."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"{seed}/gaze")
        self._start = 0.0
        self._next = 0.0
        self._from = self._to = (0.0, 0.0)

    def step(self, time: float) -> tuple[float, float]:
        """Return the direction at `time` seconds, each part in [-0.2, 0.2]."""
        while self._next <= time:
            self._begin(self._next)
        done = smoothstep((time - self._start) / SACCADE)
        (x0, y0), (x1, y1) = self._from, self._to
        return x0 + (x1 - x0) * done, y0 + (y1 - y0) * done

    def _begin(self, start: float) -> None:
        draw = self._random
        away = draw.random() < _AWAY
        reach = 0.08 if away else 0.02
        x = min(max(draw.gauss(0, reach), -0.2), 0.2)
        y = min(max(draw.gauss(0, 0.6 * reach), -0.12), 0.12)
        self._start, self._from, self._to = start, self._to, (x, y)
        median = math.log(_MEAN_FIXATION) - _FIXATION_SPREAD**2 / 2
        lasting = max(draw.lognormvariate(median, _FIXATION_SPREAD), _SHORTEST_FIXATION)
        self._next = start + (min(lasting, _LONGEST_AWAY) if away else lasting)


def turn_eyes(weights: Weights, left: float, up: float) -> None:
    """Turn both eyes of weights `[52]` by so much, in place, on top of where they look."""
    net = weights[_TOWARDS] - weights[_OPPOSITE]
    net += np.array((left, left, up, up), np.float32)
    weights[_TOWARDS] = np.maximum(net, 0)
    weights[_OPPOSITE] = np.maximum(-net, 0)
