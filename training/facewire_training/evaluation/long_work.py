"""How measuring that takes minutes says how far it is: a bar in a terminal, or a line a part."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress

Tell = Callable[[str, int, int], None]
"""Hears the name of a part, how many of its clips are done, and of how many."""


@contextmanager
def telling(console: Console) -> Iterator[Tell]:
    """Yield what is told how far the work is; where there is no terminal, stderr has the parts."""
    with Progress(transient=True, console=console) as progress:
        task = progress.add_task("")
        begun = ""

        def tell(name: str, done: int, total: int) -> None:
            nonlocal begun
            if not console.is_terminal and name != begun:
                print(name, file=sys.stderr, flush=True)
            begun = name
            progress.update(task, description=name, completed=done, total=total)

        yield tell
