"""Where a listener is in a stream: which sample they hear, and when they will hear another.

Until somebody who knows better says which sample is heard when, it is taken to run in real time.
"""

from facewire.clock import SECOND


class PlayoutClock:
    """Maps samples to wall time, both ways. All integers; it reads no clock itself."""

    def __init__(self, sample_rate: int, now: int) -> None:
        """Let sample 0 be heard at `now` ns."""
        self._rate = sample_rate
        self._sample = 0
        self._when = now
        self._paused = False

    @property
    def paused(self) -> bool:
        """Whether time stands still."""
        return self._paused

    def set_playout(self, sample: int, when: int) -> None:
        """Note that a sample is heard at `when` ns; while paused, that it is the next one heard."""
        self._sample = sample
        self._when = when

    def position(self, now: int) -> int:
        """Return how many samples have been heard by `now`: the next one's index."""
        if self._paused:
            return self._sample
        return self._sample + (now - self._when) * self._rate // SECOND

    def due(self, sample: int, now: int) -> int:
        """Return when a sample is heard, in ns; while paused, as if it went on at once."""
        since = now if self._paused else self._when
        return since - (self._sample - sample) * SECOND // self._rate

    def pause(self, now: int) -> None:
        """Stand still; twice is once."""
        self._sample = self.position(now)
        self._paused = True

    def resume(self, now: int) -> None:
        """Go on from where it stands; if it runs, nothing happens."""
        if self._paused:
            self._paused = False
            self._when = now
