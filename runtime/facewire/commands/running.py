"""Runs a command's coroutine so that it can be ended from outside, in order."""

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells expect it, where files are left unfinished."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine until it ends; SIGTERM cancels it as Ctrl-C does.

    Raises:
        KeyboardInterrupt: it was cancelled by either, and has cleaned up.
    """

    async def ended_by_signals() -> T:
        task = asyncio.current_task()
        assert task is not None
        # Windows has no signals for the loop; there SIGTERM ends the process at once.
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await main

    try:
        return asyncio.run(ended_by_signals())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
