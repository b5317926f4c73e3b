"""Code of others, such as an agent or a voice: what it raises ends its own work and no more."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


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


async def await_foreign(work: Awaitable[T]) -> T:
    """Await code of others in a task of its own caller's.

    Raises:
        CancelledError: the task is being cancelled, also where `work` has caught that.
        RuntimeError: `work` raised SystemExit, or CancelledError by itself.
        Exception: what else it raised.
    """
    with exits_as_errors():
        result = await work
    if _being_cancelled():
        raise asyncio.CancelledError
    return result


def _being_cancelled() -> bool:
    """Tell whether somebody has cancelled the running task; in a thread there is none."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return False
    return task is not None and task.cancelling() > 0
