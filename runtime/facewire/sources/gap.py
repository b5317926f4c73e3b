"""How many samples a device lost, when it only says that it lost some."""

from collections import deque

from facewire.clock import SECOND

LONGEST_GAP_S = 10
"""A longer gap is repaired as one of this length."""
_REMEMBERED = 32
"""Blocks whose arrival tells how late blocks are when nothing is lost."""
_SETTLING = 16
"""Blocks after a loss; the most punctual of them tells how long the gap was."""


class GapMeter:
    """Compares the samples received with the time that has passed.

    A block can be late because a thread was, but never early: so the smallest lateness of several
    blocks is that of the device, and a loss shows as a step in it. Only the last blocks count,
    since a device's crystal and the clock drift apart.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._received = 0
        self._usual: deque[int] = deque(maxlen=_REMEMBERED)
        self._since_loss: list[int] | None = None

    def arrived(self, samples: int, now: int, *, lost_before: bool = False) -> int:
        """Count a block that arrived at `now` ns; return how many samples to insert before it.

        `lost_before` says that the device lost something between the last block and this one.
        The answer comes a few blocks later, once.
        """
        self._received += samples
        lateness = now - self._received * SECOND // self._sample_rate
        if lost_before and self._usual:
            self._since_loss = []
        if self._since_loss is None:
            self._usual.append(lateness)
            return 0
        self._since_loss.append(lateness)
        if len(self._since_loss) < _SETTLING:
            return 0
        step = min(self._since_loss) - min(self._usual)
        self._since_loss = None
        lost = max(0, min(step, LONGEST_GAP_S * SECOND)) * self._sample_rate // SECOND
        self._received += lost
        return lost
