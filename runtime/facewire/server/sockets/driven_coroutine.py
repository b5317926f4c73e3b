"""A coroutine whose own time on the event loop can be measured, without the time that it waits."""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any, Generic, TypeVar

T = TypeVar("T")

Step = Callable[[], Any]
"""Goes on with a coroutine until it suspends, and raises what the coroutine raises."""


class DrivenCoroutine(Awaitable[T], Generic[T]):
    """Does what a coroutine does, where somebody else makes every step of it."""

    def __init__(self, work: Coroutine[Any, Any, T], make: Callable[[Step], Any]) -> None:
        """Get ready.

        Args:
            work: is awaited, once.
            make: calls a step, and returns or raises what that does.
        """
        self._work = work
        self._make = make

    def __await__(self) -> Generator[Any, Any, T]:
        """Await the coroutine.

        Raises:
            BaseException: what it raised.
        """
        steps = self._work.__await__()
        step: Step = partial(steps.send, None)
        while True:
            try:
                waits_for = self._make(step)
            except StopIteration as over:
                result: T = over.value
                return result
            try:
                step = partial(steps.send, (yield waits_for))
            except GeneratorExit:
                steps.close()
                raise
            except BaseException as error:  # a cancellation, for one
                step = partial(steps.throw, error)
