"""Numbers of turns that are not heard, whose text and speech may still be on their way."""

from collections import deque

REMEMBERED = 1_000
"""Runs of numbers."""


class LeftOut:
    """Turns that somebody was told about once; what comes for them is left out in silence."""

    def __init__(self) -> None:
        self._runs: deque[tuple[int, int]] = deque(maxlen=REMEMBERED)

    def add(self, first: int, last: int) -> None:
        """Remember turns `first` to `last`."""
        if self._runs and self._runs[-1][1] + 1 == first:
            first = self._runs.pop()[0]
        self._runs.append((first, last))

    def __contains__(self, number: int) -> bool:
        return any(first <= number <= last for first, last in self._runs)
