"""How every command ends from outside: in order where there is something to put in order.

Ctrl-C ends a command with status 130, SIGTERM with 143, and SIGHUP, which a closed terminal sends,
with 129. A second Ctrl-C ends it at once. This module is imported before all others, and imports
nothing that takes time.
"""

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn

Handler = Callable[[int, FrameType | None], None]

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Windows has no SIGHUP, and others have no SIGBREAK."""

_PRESS_S = 0.25
"""One Ctrl-C may come twice: from the terminal, and from a parent that passes it on."""

_STUCK_S = 2.0
"""How long the main thread may be in a call before it is taken for one that never returns."""

_AGAIN_S = 0.01
"""How long after an exception was dropped it is raised once more."""

_noticed = threading.Event()
"""Whether a handler was called: there is one set of them in a process."""


class Ended(SystemExit):
    """A signal ends the command; its code is the exit status that shells expect."""

    def __init__(self, number: int) -> None:
        super().__init__(_status(number))


def end_at_once() -> None:
    """Let signals end the process without a word, as long as there is nothing to put in order."""
    _handle(lambda number, frame: leave(_status(number)))


def end_in_order() -> None:
    """Let the first signal raise `Ended` in the main thread.

    Where Python drops exceptions, as in the callback of a weak reference, it is raised once more.
    """
    usual = sys.unraisablehook

    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise Ended(number)

    def end_again(dropped: "sys.UnraisableHookArgs") -> None:
        ended = dropped.exc_value
        if not isinstance(ended, Ended):
            usual(dropped)
            return
        _handle(lambda number, frame: end(int(str(ended.code)) - _status(0), frame))
        # Not from here: what is raised in a hook is dropped, too.
        again = threading.Timer(_AGAIN_S, interrupt_main_thread)
        again.daemon = True
        again.start()

    sys.unraisablehook = end_again
    _handle(end)


@contextlib.contextmanager
def first_signal(act: Callable[[int], None], again: Handler | None = None) -> Iterator[None]:
    """Let the first signal call `act` with its number, and those after it `again` or nothing."""
    before = [(number, signal.getsignal(number)) for number in _numbers()]
    received = threading.Event()

    def receive(number: int, frame: FrameType | None) -> None:
        received.set()
        act(number)

    _handle(receive, again)
    try:
        yield
    finally:
        if not received.is_set():
            for number, handler in before:
                _set(number, handler)


def watch_signals() -> None:
    """End the process at once on a second Ctrl-C, and where the main thread cannot be reached.

    Python's handlers wait until the main thread is back from a library's call, which can be never.
    """
    ours, woken = socket.socketpair()
    ours.setblocking(False)
    signal.set_wakeup_fd(ours.fileno(), warn_on_full_buffer=False)
    # The thread keeps both: a socket that nobody holds is closed.
    threading.Thread(target=_watch, args=(woken, ours), name="signals", daemon=True).start()


def interrupt_main_thread() -> None:
    """Have a later signal's handler called in the main thread, also out of a system call."""
    main = threading.main_thread().ident
    # Windows cannot; what ends the process at once is left there.
    if main is not None and hasattr(signal, "pthread_kill"):
        signal.pthread_kill(main, signal.SIGTERM)


def leave(status: int) -> NoReturn:
    """End the process now, without waiting for any thread; what was printed is written."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    with contextlib.suppress(OSError):
        if os.isatty(2):
            os.write(2, b"\x1b[?25h")  # a progress bar has hidden the cursor
    os._exit(status)


def _handle(first: Handler, again: Handler | None = None) -> None:
    def handle(number: int, frame: FrameType | None) -> None:
        _noticed.set()
        for each in _numbers():
            _set(each, again or _ignore)
        first(number, frame)

    for number in _numbers():
        _set(number, handle)


def _set(number: int, handler: Any) -> None:
    # Whoever started us may want a signal ignored: nohup does, and shells for what is in the
    # background. Programs that call the commands from a thread of theirs keep their handlers.
    if signal.getsignal(number) is not signal.SIG_IGN and _in_main_thread():
        signal.signal(number, handler)


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing, but stay a handler, so that the watching thread hears of the signal."""


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _numbers() -> list[int]:
    return [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]


def _status(number: int) -> int:
    return 128 + number


def _watch(woken: socket.socket, ours: socket.socket) -> None:
    number = woken.recv(1)[0]
    time.sleep(_PRESS_S)
    woken.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        woken.recv(4096)
    woken.settimeout(_STUCK_S)
    while True:
        try:
            numbers = woken.recv(4096)
        except TimeoutError:
            if not _noticed.is_set():
                leave(_status(number))
            woken.settimeout(None)
            continue
        if signal.SIGINT in numbers:
            leave(_status(signal.SIGINT))
