"""Runs a command's coroutine so that it can be ended from outside, in order."""

import asyncio
import errno
import os
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, ParamSpec, TypeVar

from facewire_cli.signals import Ended, first_signal

P = ParamSpec("P")
T = TypeVar("T")

_GRACE_S = 0.5
"""How long a command that was ended waits for the threads that nobody waits for any more."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine until it ends; the first signal that ends commands cancels it.

    Raises:
        Ended: it was cancelled, and has cleaned up.
    """
    received: list[int] = []
    threads = _Threads(abandoned=received)
    task: asyncio.Task[T] | None = None

    def cancel(number: int) -> None:
        received.append(number)
        _leave_closed_terminal()
        if task is not None and not (loop := task.get_loop()).is_closed():
            loop.call_soon_threadsafe(task.cancel)

    async def ended_by_signals() -> T:
        nonlocal task
        task = asyncio.current_task()
        asyncio.get_running_loop().set_default_executor(threads)
        if received:
            main.close()
            raise asyncio.CancelledError
        return await main

    with first_signal(cancel):
        try:
            result = asyncio.run(ended_by_signals())
        except asyncio.CancelledError:
            if not received:
                raise
            raise Ended(received[0]) from None
    if received:
        raise Ended(received[0])
    return result


class _Threads(ThreadPoolExecutor):
    """Threads for `asyncio.to_thread`; once the command was ended, they are not waited for long.

    A voice, a download or a driver can hang for ever, and a thread cannot be cancelled.
    """

    def __init__(self, abandoned: list[int]) -> None:
        """Get ready; the list has something in it once the command was ended."""
        super().__init__(thread_name_prefix="work")
        self._abandoned = abandoned
        self._futures: set[Future[Any]] = set()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future = super().submit(fn, *args, **kwargs)
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        ended = bool(self._abandoned)
        if ended:
            _wait_a_little(list(self._futures))
        super().shutdown(wait and not ended, cancel_futures=cancel_futures or ended)


def _leave_closed_terminal() -> None:
    """Print nowhere what would fail at a terminal that is gone, so that all is put in order."""
    for descriptor in (1, 2):
        try:
            os.write(descriptor, b"")
        except OSError as error:
            if error.errno == errno.EIO:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, descriptor)
                os.close(nowhere)


def _wait_a_little(futures: list[Future[Any]]) -> None:
    wait(futures, timeout=_GRACE_S)
