"""What a source put in the place of audio that did not come, counted and said."""

import logging

from facewire.clock import SECOND, Clock

logger = logging.getLogger(__name__)

_SAY_EVERY = 10 * SECOND


class Repairs:
    """Counts trouble; each kind is logged when it happens, but not more often than every 10 s."""

    def __init__(self, sample_rate: int, clock: Clock) -> None:
        self.silence = 0
        """Samples, at the rate of the source's chunks, that stand for audio that did not come."""
        self.bursts = 0
        """How often much audio came at once, late but whole."""
        self._sample_rate = sample_rate
        self._clock = clock
        self._said: dict[str, int] = {}

    def say(self, sentence: str, *values: object) -> None:
        """Log a sentence, unless it was logged lately."""
        now = self._clock.now()
        if sentence in self._said and now - self._said[sentence] < _SAY_EVERY:
            return
        self._said[sentence] = now
        logger.warning(sentence, *values)

    def summary(self) -> str:
        """Return a sentence about all of it; empty if there was nothing."""
        parts = []
        if self.silence:
            seconds = self.silence / self._sample_rate
            parts.append(f"{seconds:.2f} s of silence stand for sound that did not come")
        if self.bursts:
            times = "once" if self.bursts == 1 else f"{self.bursts} times"
            parts.append(f"sound came late and in one piece {times}")
        return "; ".join(parts)
