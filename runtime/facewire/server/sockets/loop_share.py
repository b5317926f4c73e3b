"""How greedy clients share the event loop: in turn, in slices, and with rests for all others."""

import asyncio
from collections import deque
from collections.abc import Callable

SLICE_S = 0.001
"""How long a slice of what came may take."""
MESSAGE_S = 0.0001
"""What it costs at least to handle a message, besides taking it apart."""
REST = 1.5
"""After a greedy client used the loop, it is left to the others for so many times as long."""


class LoopShare:
    """Lets greedy clients use the event loop in turn, and no more than a part of its time."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._free_at = 0.0
        self._spent_s = 0.0
        """At this turn."""

    def ask(self, work: Callable[[], None]) -> None:
        """Do something when it is its turn."""
        self._waiting.append(work)
        self._plan()

    def spend(self, seconds: float) -> None:
        """Note that a greedy client used the loop, which is left to the others from now on."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now) + REST * seconds

    async def turn(self) -> None:
        """Return when it is the caller's turn to handle a message."""
        turn = asyncio.get_running_loop().create_future()

        def take() -> None:
            if not turn.done():
                turn.set_result(None)
                self._spent_s += MESSAGE_S

        self.ask(take)
        await turn

    def _plan(self) -> None:
        if self._waiting and self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(self._free_at, self._next)

    def _next(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        if loop.time() < self._free_at:
            self._plan()
            return
        try:
            # One timer for each would be a millisecond for each, as exactly as systems keep time.
            while self._waiting and self._spent_s < SLICE_S:
                began = loop.time()
                self._waiting.popleft()()
                self._spent_s += loop.time() - began
        finally:
            self.spend(self._spent_s)
            self._spent_s = 0.0
            self._plan()
