"""How far the server's clock is from ours, as far as pings can tell."""

from collections import deque
from dataclasses import dataclass

REMEMBERED = 8
"""Pings; older ones tell too little about clocks that drift apart."""


@dataclass(frozen=True, slots=True)
class _Exchange:
    offset_ns: int
    round_trip_ns: int


class ClockOffset:
    """Picks the ping with the shortest round trip: its error is at most half of that trip."""

    def __init__(self) -> None:
        self._exchanges: deque[_Exchange] = deque(maxlen=REMEMBERED)

    def add(self, sent_ns: int, server_ns: int, received_ns: int) -> None:
        """Note a ping: our time before and after, and the server's time in between."""
        round_trip = received_ns - sent_ns
        self._exchanges.append(_Exchange(server_ns - (sent_ns + received_ns) // 2, round_trip))

    @property
    def offset_ns(self) -> int:
        """What to add to our time to get the server's; 0 before the first ping."""
        return self._best.offset_ns

    @property
    def round_trip_ns(self) -> int:
        """Of the ping that counts; 0 before the first."""
        return self._best.round_trip_ns

    @property
    def _best(self) -> _Exchange:
        return min(self._exchanges, key=lambda ping: ping.round_trip_ns, default=_Exchange(0, 0))
