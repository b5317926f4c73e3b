"""The daemon in a process of its own, for as long as somebody measures or photographs it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def serving(*words: str) -> Iterator[str]:
    """Run `facewire serve`, or another command that has the page, and yield its host and port."""
    command = [sys.executable, "-m", "facewire", *(words or ["serve"]), "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as daemon:
        assert daemon.stdout is not None
        try:
            lines = (re.search(r"http://(127\.0\.0\.1:\d+)", line) for line in daemon.stdout)
            yield next(found[1] for found in lines if found)
        finally:
            daemon.terminate()
