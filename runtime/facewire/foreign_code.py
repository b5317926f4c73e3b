"""Code of others, such as an agent or a voice: what it raises ends its own work and no more."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

T = TypeVar("T")


class ForeignCodeInterrupted(BaseException):
    """Ends a call of others' code that keeps everybody waiting; raised in its midst."""


@contextmanager
def exits_as_errors() -> Iterator[None]:
    """Let code of others neither end the process, nor pass for cancelled.

    Raises:
        RuntimeError: it raised SystemExit, or a CancelledError in a thread or of its own. What a
            signal raises, a class of its own or KeyboardInterrupt, is left as it is.
    """
    try:
        yield
    except SystemExit as error:
        if type(error) is not SystemExit:
            raise
        raise RuntimeError(f"it called sys.exit({error.code!r})") from error
    except asyncio.CancelledError as error:
        if _being_cancelled():
            raise
        raise RuntimeError("it was cancelled by its own code") from error


def call_foreign(work: Callable[[], T]) -> T:
    """Call code of others on the event loop.

    Raises:
        CancelledError: it was interrupted, since the program ends.
        RuntimeError: `work` raised SystemExit, or CancelledError.
        Exception: what else it raised.
    """
    try:
        with exits_as_errors():
            return work()
    except ForeignCodeInterrupted:
        raise asyncio.CancelledError from None


async def await_foreign(work: Awaitable[T]) -> T:
    """Await code of others in a task of its own caller's.

    Raises:
        CancelledError: the task is being cancelled, also where `work` has caught that, or `work`
            was interrupted, since the program ends.
        RuntimeError: `work` raised SystemExit, or CancelledError by itself.
        Exception: what else it raised.
    """
    try:
        with exits_as_errors():
            result = await work
    except ForeignCodeInterrupted:
        raise asyncio.CancelledError from None
    if _being_cancelled():
        raise asyncio.CancelledError
    return result


def is_in_foreign_code(frame: FrameType | None) -> bool:
    """Tell whether what a thread executes is others' code that the event loop waits for."""
    while frame is not None:
        if frame.f_code in _FOREIGN:
            return True
        frame = frame.f_back
    return False


def _being_cancelled() -> bool:
    """Tell whether somebody has cancelled the running task; in a thread there is none."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return False
    return task is not None and task.cancelling() > 0


_FOREIGN = (call_foreign.__code__, await_foreign.__code__)
