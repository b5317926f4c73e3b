"""Which part of a stream is due in the next block, where three clocks run at speeds of their own.

The source counts samples, the output device plays others, and both are wrong by the clock that says
when a sample is to be heard. The speed of reading follows the distance by a proportional-integral
controller, critically damped, as in Adriaensen, "Controlling adaptive resampling", Linux Audio
Conference 2012.
"""

from dataclasses import dataclass

GAIN = 1.0
"""By which share reading is faster for each second that it is behind."""
GAIN_INTEGRAL = GAIN**2 / 4
"""By which that share grows each second: it settles without overshoot."""
SMOOTHING_S = 0.2
"""Over so long the distance is averaged: devices tell their time to within milliseconds only."""
MOST = 0.01
"""Clocks differ by this share at most, and catching up is no faster: a sixth of a semitone."""
JUMP_S = 0.020
"""From so far away it is jumped, with a crossfade: a viewer would see it, and catching up would
take two seconds. Clocks do not get there; a device does that stood still for a moment, and that was
heard anyway."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Where to read a block of output: sample `i` is that of the stream at `start + i * step`."""

    start: float
    step: float
    left: float | None = None
    """Where reading would have gone on, if it jumps to `start` instead."""


class Steering:
    """Follows the samples that are due, without jumps as far as possible."""

    def __init__(self, rate_in: int, rate_out: int) -> None:
        self._rate_in = rate_in
        self._rate_out = rate_out
        self._position: float | None = None
        self._behind_s = 0.0
        self._drift = 0.0

    def next(self, due: float, count: int) -> Reading:
        """Return where to read the next `count` samples of output.

        Args:
            due: the sample of the stream, with its fraction, that is due with the first of them.
            count: of output samples.
        """
        at = self._position
        behind_s = 0.0 if at is None else (due - at) / self._rate_in
        if at is None or abs(behind_s) > JUMP_S:
            start, self._behind_s = due, 0.0
        else:
            start, at = at, None
            self._follow(behind_s, count / self._rate_out)
        speed = 1.0 + self._drift + _within(GAIN * self._behind_s, MOST)
        step = speed * self._rate_in / self._rate_out
        self._position = start + count * step
        return Reading(start, step, at)

    def _follow(self, behind_s: float, elapsed_s: float) -> None:
        self._behind_s += (behind_s - self._behind_s) * min(1.0, elapsed_s / SMOOTHING_S)
        self._drift = _within(self._drift + GAIN_INTEGRAL * self._behind_s * elapsed_s, MOST)


def _within(value: float, most: float) -> float:
    return max(-most, min(value, most))
