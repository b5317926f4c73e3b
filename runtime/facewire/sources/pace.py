"""How far a stream's audio is ahead of real time, from when it arrives."""

from collections import deque

from facewire.clock import MILLISECOND, SECOND

REMEMBERED_S = 10
"""A distance from real time that lasts for so long is the stream's own: another crystal, a network
that holds audio back. A shorter one is a head start, and is used up before audio is missed."""

_BLOCK = 150 * MILLISECOND
"""A usual length of what a program writes at once."""


class ArrivalPace:
    """Compares the samples that came with what somebody has heard who plays them as they come.

    Somebody who plays runs out of audio at the moment when the next comes, or earlier. So the
    least that was left at the last arrivals is what counts as nothing left.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._position = 0
        self._began: int | None = None
        self._left: deque[tuple[int, int]] = deque()
        """When audio arrived and what was left then, in ns, where nothing later was less."""

    @property
    def has_begun(self) -> bool:
        """Whether anything has come."""
        return self._began is not None

    def found(self, samples: int, now: int) -> int:
        """Count what was there already at `now` ns, when the first look was taken.

        Nobody knows when it came: perhaps in real time while the engine was loaded, and so it is
        no head start, but for a block that has just come. What is not, in ns, is returned.
        """
        self.arrived(samples, now)
        not_ahead = max(0, samples * SECOND // self._sample_rate - _BLOCK)
        self.skipped(-not_ahead)
        return not_ahead

    def arrived(self, samples: int, now: int) -> None:
        """Count samples that came at `now` ns."""
        if self._began is None:
            self._began = now
        left = self._left_at(now)
        while self._left and self._left[-1][1] >= left:
            self._left.pop()
        self._left.append((now, left))
        while self._left[0][0] < now - REMEMBERED_S * SECOND:
            self._left.popleft()
        self._position += samples

    def filled(self, samples: int) -> None:
        """Count samples of silence that stand for audio that did not come."""
        self._position += samples

    def skipped(self, duration: int) -> None:
        """Leave out `duration` ns in which nothing came and nothing stands for it."""
        assert self._began is not None, "nothing has come yet"
        self._began += duration

    def ahead(self, now: int) -> int:
        """Return how much is left to play at `now`, in ns; less than 0 is missing."""
        return self._left_at(now) - self._left[0][1] if self._left else 0

    def _left_at(self, now: int) -> int:
        assert self._began is not None, "nothing has come yet"
        return self._position * SECOND // self._sample_rate - (now - self._began)
