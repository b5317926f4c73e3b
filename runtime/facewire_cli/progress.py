"""How far a recording is: a bar in a terminal, a line now and then everywhere else."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from facewire.clock import SECOND, Clock

LINE_EVERY_S = 10
"""For logs, such as those of containers and build servers."""


@contextmanager
def showing_progress(
    console: Console,
    name: str,
    total_s: float,
    clock: Clock,
    every_s: float = LINE_EVERY_S,
    describe: Callable[[float], str] | None = None,
) -> Iterator[Callable[[float], None]]:
    """Yield what is called with the seconds that are done; `total_s` is 0 if nobody knows it.

    What is counted need not be seconds where `describe` says in words how far it is.
    """
    if not console.is_terminal:
        yield _Lines(console, name, total_s, clock, every_s, describe).show
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[done]}"),
        TimeRemainingColumn(),
    )
    with (
        logging_to(console),
        Progress(*columns, console=console, transient=True) as progress,
    ):
        told = describe or minutes
        bar = progress.add_task(name, total=total_s or None, done=told(0))

        def show(done_s: float) -> None:
            progress.update(bar, completed=done_s, done=told(done_s))

        yield show


@contextmanager
def logging_to(console: Console) -> Iterator[None]:
    """Print what is logged by this console, which knows what it has to draw again below it."""
    handlers = [each for each in logging.getLogger().handlers if isinstance(each, RichHandler)]
    before = [handler.console for handler in handlers]
    for handler in handlers:
        handler.console = console
    try:
        yield
    finally:
        for handler, own in zip(handlers, before, strict=True):
            handler.console = own


class _Lines:
    def __init__(
        self,
        console: Console,
        name: str,
        total_s: float,
        clock: Clock,
        every_s: float,
        describe: Callable[[float], str] | None,
    ) -> None:
        self._console = console
        self._name = name
        self._total_s = total_s
        self._describe = describe
        self._clock = clock
        self._began = clock.now()
        self._every = round(every_s * SECOND)
        self._next = self._began + self._every

    def show(self, done_s: float) -> None:
        """Print a line if it is time for one."""
        now = self._clock.now()
        if now < self._next:
            return
        self._next = now + self._every
        line = f"{self._name}: {(self._describe or minutes)(done_s)}"
        if self._total_s:
            share = min(1.0, done_s / self._total_s)
            of = "" if self._describe else f" of {minutes(self._total_s)}"
            line += f"{of} ({share:.0%})"
            if share:
                left_s = (now - self._began) / SECOND * (1 - share) / share
                line += f", about {minutes(left_s)} left"
        self._console.print(line, soft_wrap=True, highlight=False, markup=False)


def minutes(seconds: float) -> str:
    """Write a duration as m:ss, or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
