"""A server in a process of its own, for as long as somebody measures, attacks or photographs it."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from facewire.clock import SECOND, SystemClock
from facewire.errors import FacewireError

START_S = 60.0


class Usage(msgspec.Struct, frozen=True):
    """What a process holds; of other systems than Linux nothing is known, which is 0."""

    memory_mb: float
    descriptors: int
    threads: int


class ServerProcess:
    """`facewire serve`, or another command that has the page, as a user starts it."""

    def __init__(self, process: "subprocess.Popen[str]", address: str, log: Path) -> None:
        self.process = process
        self.address = address
        """Host and port."""
        self.log = log

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"ws://{self.address}"

    def usage(self) -> Usage:
        """Look at what it holds now."""
        folder = Path("/proc") / str(self.process.pid)
        if self.process.poll() is not None:
            raise FacewireError(f"the server ended with status {self.process.returncode}")
        if not folder.is_dir():
            return Usage(0, 0, 0)
        status = (folder / "status").read_text()
        memory, threads = (
            int(found[1]) if (found := re.search(rf"{key}:\s+(\d+)", status)) else 0
            for key in ("VmRSS", "Threads")
        )
        return Usage(round(memory / 1024, 1), len(os.listdir(folder / "fd")), threads)


@contextmanager
def serving(command: str = "serve", *options: str) -> Iterator[ServerProcess]:
    """Start a server on a free port, and end it.

    Raises:
        FacewireError: it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="facewire") as folder:
        log = Path(folder) / "serve.log"
        with log.open("w") as written:
            process = subprocess.Popen(
                [sys.executable, "-m", "facewire", command, "--port", "0", *options],
                stdout=written, stderr=written, text=True,
            )  # fmt: skip
        try:
            yield ServerProcess(process, _address(process, log), log)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(process: "subprocess.Popen[str]", log: Path) -> str:
    clock = SystemClock()
    until = clock.now() + START_S * SECOND
    while clock.now() < until and process.poll() is None:
        if found := re.search(r"http://(\S+?)/", log.read_text()):
            return found[1]
        time.sleep(0.05)
    raise FacewireError(f"the server does not start: {log.read_text()[-500:]}")
