"""Blinks: by themselves every few seconds, and more readily where a phrase ends."""

import math
import random

from facewire.face.activity import smoothstep

CLOSING = 0.08
"""Seconds, on average, as are the others."""
CLOSED = 0.03
OPENING = 0.15

SHORTEST_INTERVAL = 0.8
"""Seconds between the starts of two blinks, at least."""

_SPREAD = 0.6
"""Standard deviation of the logarithm: intervals are skewed, a few are much longer than most."""
_LONGEST = 4.0
"""In mean intervals."""
_AT_PHRASE_END = 0.35
"""How likely the end of a phrase brings a blink."""


class Blinks:
    """The lids over time, from a seed and the ends of phrases."""

    def __init__(self, interval: float, seed: int) -> None:
        self._lasting = math.log(interval - SHORTEST_INTERVAL) - _SPREAD**2 / 2
        self._longest = _LONGEST * interval
        self._random = random.Random(f"{seed}/blink")
        # Phrases draw from a generator of their own, so that one draw more does not change
        # every later blink.
        self._phrase_random = random.Random(f"{seed}/blink at phrase end")
        self._start = -math.inf
        self._pace = 1.0
        self._depth = 1.0
        self._next = self._random.uniform(0.4, interval)

    def step(self, time: float, phrase_ended: bool) -> float:
        """Return how closed the lids are at `time` seconds, from 0 to 1."""
        if phrase_ended:
            self._hasten(time)
        while self._next <= time:
            self._begin(self._next)
        elapsed = (time - self._start) * self._pace
        if elapsed < CLOSING:
            return self._depth * smoothstep(elapsed / CLOSING)
        return self._depth * (1 - smoothstep((elapsed - CLOSING - CLOSED) / OPENING))

    def _begin(self, start: float) -> None:
        self._start = start
        self._pace = self._random.uniform(0.87, 1.15)
        self._depth = self._random.uniform(0.94, 1.0)
        lasting = self._random.lognormvariate(self._lasting, _SPREAD)
        self._next = start + min(SHORTEST_INTERVAL + lasting, self._longest)

    def _hasten(self, time: float) -> None:
        wanted = self._phrase_random.random() < _AT_PHRASE_END
        soon = time + self._phrase_random.uniform(0.02, 0.2)
        if wanted and soon < self._next and soon - self._start >= SHORTEST_INTERVAL:
            self._next = soon
