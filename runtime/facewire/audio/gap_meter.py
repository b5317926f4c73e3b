"""How many samples a device lost, whether it says that it lost some or not."""

from collections import deque

from facewire.clock import MILLISECOND, SECOND

LONGEST_GAP_S = 10
"""A longer gap is repaired as one of this length."""
_REMEMBERED = 32
"""Blocks whose arrival tells how late blocks are when nothing is lost."""
_SETTLING = 16
"""Blocks after a loss; the most punctual of them tells how long the gap was."""
_CATCHING_UP = MILLISECOND
"""A block that is less late than all since the loss by more than this is part of a burst, of which
the last block tells."""
_SUSPICIOUS = 100 * MILLISECOND
"""A block that is later than usual by more than this may follow a loss that was not said."""
_CERTAIN = 30 * MILLISECOND
"""A loss that was not said is at least so long."""


class GapMeter:
    """Compares the samples received with the time that has passed.

    A block can be late because a thread was, but never early: so the smallest lateness of several
    blocks is that of the device, and a loss shows as a step in it. Only the last blocks count,
    since a device's crystal and the clock drift apart. Where the device tells when it recorded,
    there has to be a step in those times, too: devices can be wrong, and blocks can come late.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._received = 0
        self._usual: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)
        self._since_loss: list[tuple[int, int]] | None = None
        self._settled = 0
        self._said = False

    def arrived(
        self, samples: int, now: int, recorded: int | None = None, *, lost_before: bool = False
    ) -> int:
        """Count a block that arrived at `now` ns; return how many samples to insert before it.

        `recorded` is when the device recorded it, on the same clock, and `lost_before` that it says
        to have lost something between the last block and this one. The answer comes a few blocks
        later, once.
        """
        self._received += samples
        played = self._received * SECOND // self._sample_rate
        lateness = (now - played, (now if recorded is None else recorded) - played)
        if self._usual and (lost_before or self._step(lateness) > _SUSPICIOUS):
            self._begin(said=lost_before)
        if self._since_loss is None:
            self._usual.append(lateness)
            return 0
        best = min((late for late, _ in self._since_loss), default=lateness[0])
        self._since_loss.append(lateness)
        self._settled = 0 if lateness[0] < best - _CATCHING_UP else self._settled + 1
        return self._lost() if self._settled >= _SETTLING else 0

    def filled(self, samples: int) -> None:
        """Count samples of silence that stand for audio which has not come."""
        self._received += samples

    def _begin(self, *, said: bool) -> None:
        if self._since_loss is None or said:
            self._since_loss, self._settled = [], 0
            self._said = said

    def _lost(self) -> int:
        assert self._since_loss is not None
        step = self._step(*self._since_loss)
        self._since_loss = None
        if not self._said and step < _CERTAIN:
            return 0
        lost = max(0, min(step, LONGEST_GAP_S * SECOND)) * self._sample_rate // SECOND
        self._received += lost
        return lost

    def _step(self, *lateness: tuple[int, int]) -> int:
        """Return by how much blocks are later than usual, by both clocks, in ns."""
        steps = (
            min(late[clock] for late in lateness) - min(late[clock] for late in self._usual)
            for clock in (0, 1)
        )
        return min(steps)
