"""What one client may use of the event loop: some at once, a share of it, and else its turn."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any, TypeVar

from facewire.server.sockets.driven_coroutine import DrivenCoroutine, Step
from facewire.server.sockets.loop_share import MESSAGE_S, LoopShare

T = TypeVar("T")

CREDIT_S = 0.02
"""Of the loop's time, which a client may use at once."""
INCOME = 0.05
"""The share of the loop's time that a client with a stream has for itself."""
MOST_DEBT_S = 1.0
"""Of the loop's time, which a client may have used beyond its share and still be heard soon."""


class ClientCredit:
    """Counts what a client used of the loop, and makes it wait where that was too much."""

    def __init__(self, share: LoopShare) -> None:
        """Get ready, in a running loop; `share` is what greedy clients have in common."""
        self.streaming = False
        """Whether the client has a stream, and so a share of the loop of its own."""
        self._share = share
        self._loop = asyncio.get_running_loop()
        self._left_s = CREDIT_S
        self._counted_at = self._loop.time()
        self._taken_apart_s = 0.0
        """Since a step began: what was charged for taking messages apart."""
        self._at_a_turn = False
        """Whether the last message was handled at a greedy client's turn."""

    async def turn(self) -> None:
        """Return once the client's next message may be handled."""
        self._at_a_turn = not self.can_spend(MESSAGE_S)
        if self._at_a_turn:
            await self._share.turn()

    async def metered(self, handling: Coroutine[Any, Any, T]) -> T:
        """Do what a coroutine does with the messages, and charge the client for its time.

        Args:
            handling: calls `turn` before each message, and suspends between messages, or all
                that came at once would be handled at once; time that it waits costs nothing.
        """
        return await DrivenCoroutine(handling, partial(self._charge_step, paid_s=MESSAGE_S))

    async def charged(self, work: Coroutine[Any, Any, T]) -> T:
        """Do what else is to be done for the client, such as answering it, and charge it for that.

        Its next messages then wait as long as if it had asked for as much by messages alone.

        Args:
            work: what to do; time that it waits costs nothing.
        """
        return await DrivenCoroutine(work, partial(self._charge_step, paid_s=0.0))

    def can_spend(self, seconds: float) -> bool:
        """Whether there is credit left; what is spent is taken from it."""
        now = self._loop.time()
        if self.streaming:
            self._left_s += (now - self._counted_at) * INCOME
        self._counted_at = now
        self._left_s = min(self._left_s, CREDIT_S) - seconds
        if self._left_s > 0:
            return True
        self._left_s += seconds
        return False

    def take_apart(self, spent: float) -> None:
        """Charge the client for having its messages taken apart, which is no part of a step."""
        self._left_s -= spent
        self._taken_apart_s += spent

    def _charge_step(self, step: Step, paid_s: float) -> Any:
        """Make a step of work for the client, and charge what is not paid of it."""
        self._taken_apart_s = 0.0
        began = self._loop.time()
        try:
            return step()
        finally:
            spent = self._loop.time() - began - self._taken_apart_s - paid_s
            if spent > 0 and self._at_a_turn:
                self._share.spend(spent)
            elif spent > 0:
                self._left_s = max(self._left_s - spent, -MOST_DEBT_S)
