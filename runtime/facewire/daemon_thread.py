"""Calls that may never return, such as those into a driver whose device hangs."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from facewire.foreign_code import exits_as_errors

T = TypeVar("T")


def call_in_daemon(call: Callable[[], T], name: str) -> "asyncio.Future[T]":
    """Run `call` in a thread of its own, and return the future of its result.

    Unlike a thread of `asyncio.to_thread`, this one does not keep the program from ending; unlike
    a coroutine, the call goes on when nobody waits for it any more.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def succeed(result: T) -> None:
        if not future.done():
            future.set_result(result)

    def fail(error: Exception) -> None:
        if not future.done():
            future.set_exception(error)

    def run() -> None:
        try:
            with exits_as_errors():
                answer = partial(succeed, call())
        except Exception as error:
            answer = partial(fail, error)
        # The loop may have ended by the time the call returns.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(answer)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future
