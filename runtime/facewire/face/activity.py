"""When the speaker begins, pauses and stresses, as far as past frames can tell."""

import math

SPEECH_THRESHOLD = 0.3
"""Below this probability nobody is taken to speak."""

PAUSE = 0.15
"""Seconds of quiet that end a phrase."""

_SHORTEST_PHRASE = 0.4
_SHORTEST_SILENCE = 0.3


class SpeechActivity:
    """Follows the probability of speech, frame by frame."""

    def __init__(self) -> None:
        self.speaking = False
        """Whether this frame is speech."""
        self.quiet = math.inf
        """Seconds since the last frame of speech."""
        self.spoken = 0.0
        """Seconds of speech in this phrase."""
        self.onset = False
        """Whether speech began with this frame, after a silence."""
        self.paused = False
        """Whether this frame ends a phrase."""

    def step(self, speech: float, dt: float) -> None:
        """Take the probability of speech of the next frame, `dt` seconds after the last."""
        before = self.quiet
        self.speaking = speech >= SPEECH_THRESHOLD
        if self.speaking:
            self.onset = before >= _SHORTEST_SILENCE
            self.paused = False
            self.spoken = dt if before >= PAUSE else self.spoken + dt
            self.quiet = 0.0
        else:
            self.quiet += dt
            self.onset = False
            ended = before < PAUSE <= self.quiet
            self.paused = ended and self.spoken >= _SHORTEST_PHRASE


class Effort:
    """How much more the jaw opens than it has lately: the stresses of speech."""

    _RISE, _FALL, _HABIT = 0.06, 0.3, 1.5
    """Time constants in seconds."""

    def __init__(self) -> None:
        self._now = 0.0
        self._usual = 0.0

    def step(self, jaw_open: float, dt: float) -> float:
        """Take jawOpen of the next frame, and return the excess, from 0 to about 0.5."""
        self._now = approach(
            self._now, jaw_open, dt, self._RISE if jaw_open > self._now else self._FALL
        )
        self._usual = approach(self._usual, self._now, dt, self._HABIT)
        return max(self._now - self._usual, 0.0)


def approach(value: float, target: float, dt: float, tau: float) -> float:
    """Return where a first-order lag with time constant `tau` is after `dt` seconds."""
    return target + (value - target) * math.exp(-dt / tau)


def smoothstep(x: float) -> float:
    """Return 0 below 0, 1 above 1, and a path without corners between (3x^2 - 2x^3)."""
    x = min(max(x, 0.0), 1.0)
    return x * x * (3 - 2 * x)
