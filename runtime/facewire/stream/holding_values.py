"""Values that hold from a sample of a stream on."""

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class HoldingValues(Generic[T]):
    """What holds when: each value from its sample on, until the next one."""

    def __init__(self, first: T) -> None:
        """Begin with what holds before anything is added."""
        self._now = first
        self._to_come: deque[tuple[int, T]] = deque()

    @property
    def last(self) -> T:
        """What will hold in the end."""
        return self._to_come[-1][1] if self._to_come else self._now

    @property
    def waiting(self) -> int:
        """How many values are kept that do not hold yet."""
        return len(self._to_come)

    def add(self, start: int, value: T) -> None:
        """Let a value hold from a sample on, but not before any that was added already."""
        if self._to_come:
            start = max(start, self._to_come[-1][0])
            if start == self._to_come[-1][0]:
                self._to_come.pop()
        self._to_come.append((start, value))

    def at(self, sample: int) -> T:
        """Return what holds at a sample that `advance` has not passed."""
        found = self._now
        for start, value in self._to_come:
            if start > sample:
                break
            found = value
        return found

    def advance(self, sample: int) -> T:
        """Return what holds at a sample, and forget what held before it."""
        while self._to_come and self._to_come[0][0] <= sample:
            self._now = self._to_come.popleft()[1]
        return self._now
