"""A real `facewire live --demo`, as a process of its own."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FACEWIRE = Path(sys.executable).parent / "facewire"
PATIENCE_S = 60.0


@contextmanager
def live(*options: str) -> Iterator[subprocess.Popen[str]]:
    """Run it until the block ends; its clip may end before."""
    process = subprocess.Popen(
        [str(FACEWIRE), "live", "--demo", "--seed", "1", *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_S)


def play(*options: str) -> None:
    """Run it until its clip is over."""
    with live(*options) as process:
        assert process.wait(PATIENCE_S) == 0
