"""Runs a command's coroutine so that it can be ended from outside, in order."""

import asyncio
import errno
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import FrameType
from typing import Any, ParamSpec, TypeVar

from facewire.foreign_code import ForeignCodeInterrupted, is_in_foreign_code
from facewire_cli.signals import Ended, first_signal, interrupt_main_thread, leave

P = ParamSpec("P")
T = TypeVar("T")

_GRACE_S = 0.5
"""How long a command that was ended waits for the threads that nobody waits for any more."""

_BLOCKED_S = 1.0
"""How long others' code may keep the event loop from ending, before it is interrupted; and how long
after that, before the process ends without what has to be put in order."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine until it ends; the first signal that ends commands cancels it.

    Code of others that blocks the event loop then, as an agent may, is interrupted.

    Raises:
        Ended: it was cancelled, and has cleaned up.
    """
    received: list[int] = []
    threads = _Threads(abandoned=received)
    task: asyncio.Task[T] | None = None
    ended = threading.Event()

    def cancel(number: int) -> None:
        received.append(number)
        _leave_closed_terminal()
        if task is not None and not (loop := task.get_loop()).is_closed():
            loop.call_soon_threadsafe(task.cancel)
            keeping = threading.Thread(
                target=_keep_free, args=(loop, ended, number), name="ending", daemon=True
            )
            keeping.start()

    def interrupt(number: int, frame: FrameType | None) -> None:
        if is_in_foreign_code(frame):
            raise ForeignCodeInterrupted

    async def ended_by_signals() -> T:
        nonlocal task
        task = asyncio.current_task()
        asyncio.get_running_loop().set_default_executor(threads)
        if received:
            main.close()
            raise asyncio.CancelledError
        return await main

    with first_signal(cancel, interrupt):
        try:
            result = asyncio.run(ended_by_signals())
        except asyncio.CancelledError:
            if not received:
                raise
            raise Ended(received[0]) from None
        finally:
            ended.set()
    if received:
        raise Ended(received[0])
    return result


def _keep_free(loop: asyncio.AbstractEventLoop, ended: threading.Event, number: int) -> None:
    """Interrupt others' code for as long as it keeps a loop from ending.

    A signal's handler alone does not: `time.sleep` and its like go on after it.
    """
    while not ended.is_set():
        if _comes_round(loop, ended):
            ended.wait(_BLOCKED_S)
            continue
        if not _is_blocked():
            continue
        interrupt_main_thread()
        if not _comes_round(loop, ended) and _is_blocked():
            leave(128 + number)


def _comes_round(loop: asyncio.AbstractEventLoop, ended: threading.Event) -> bool:
    """Tell whether a loop does something soon, or has ended."""
    came = threading.Event()
    try:
        loop.call_soon_threadsafe(came.set)
    except RuntimeError:  # closed
        return True
    return came.wait(_BLOCKED_S) or ended.is_set()


def _is_blocked() -> bool:
    return is_in_foreign_code(sys._current_frames().get(threading.main_thread().ident or 0))


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
