"""When sound is heard that a transport takes piece by piece, from when it takes the pieces.

A transport takes a piece when the one before has been played, more or less: a device with a buffer
takes the first ones at once, and a busy machine is late by some milliseconds now and then.
"""

from collections import deque

from facewire.clock import MILLISECOND, SECOND

NEAR_NS = 20 * MILLISECOND
"""A piece that comes later than this comes after a pause; one that comes earlier waits in a
buffer, and is heard when those before it are."""
LATER, EARLIER = 4, 16
"""What share of a small difference is believed: one in so many."""


class HeardClock:
    """Follows one transport. Every method is told the time in ns."""

    def __init__(self) -> None:
        self._next: int | None = None
        """When the next piece is heard if it follows the last one; None before any."""
        self._given = deque[tuple[int, int]]()
        """(when, how long) of pieces that were given to the transport, which has not taken them."""

    def give(self, duration: int, now: int) -> None:
        """Note that a piece of so many ns was given to the transport."""
        self._given.append((now, duration))

    def take(self, duration: int, now: int) -> int:
        """Note that the transport took the next piece, and return when it is heard."""
        given = self._given.popleft()[0] if self._given else now
        when = now if self._next is None else max(self._follow(self._next, now), given)
        self._next = when + duration
        return when

    def runs_out(self, now: int) -> int:
        """Return when all that was given has been heard."""
        return max(self._next or now, now) + sum(duration for _, duration in self._given)

    def forget(self) -> None:
        """Note that the transport dropped what it had not taken."""
        self._given.clear()
        self._next = None

    @staticmethod
    def _follow(expected: int, now: int) -> int:
        late = now - expected
        if late > NEAR_NS:
            return now
        if late >= 0:
            return expected + late // LATER
        return expected + late // EARLIER if late > -NEAR_NS else expected


def duration_ns(samples: int, sample_rate: int) -> int:
    """Return how long so many samples last."""
    return samples * SECOND // sample_rate
