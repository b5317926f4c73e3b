"""A text file that grows line by line, and is on disk within a second."""

import asyncio
from pathlib import Path
from typing import BinaryIO

from facewire.clock import SECOND, Clock
from facewire.errors import ConfigError

FLUSH_NS = SECOND
MAX_LINES = 2_000
"""Lines that wait for the disk, where frames come faster than in real time."""


def open_for_writing(path: Path) -> BinaryIO:
    """Create a file, or empty the one that is there.

    Raises:
        ConfigError: that cannot be done.
    """
    try:
        return path.open("wb")
    except FileNotFoundError:
        raise ConfigError(
            f"there is no folder {path.parent}; make it, or record somewhere else"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"cannot write {path} ({error.strerror}); record somewhere else"
        ) from error


class LineFile:
    """Lines on their way to a file. Writing happens in a thread: a slow disk delays nobody else."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._file: BinaryIO | None = None
        self._lines: list[str] = []
        self._flushed = 0

    async def open(self, first_line: str) -> None:
        """Begin the file.

        Raises:
            ConfigError: it cannot be written.
        """
        self._file = await asyncio.to_thread(open_for_writing, self._path)
        self._lines = [first_line]
        await self._flush()

    async def add(self, line: str) -> None:
        """Add a line without its end, and write if it is time.

        Raises:
            OSError: the disk is full, or gone.
        """
        self._lines.append(line)
        if len(self._lines) >= MAX_LINES or self._clock.now() - self._flushed >= FLUSH_NS:
            await self._flush()

    async def aclose(self) -> None:
        """Write what is left, and close; may be called twice."""
        file, self._file = self._file, None
        if file is not None:
            lines, self._lines = self._lines, []
            await asyncio.to_thread(_write_and_close, file, lines)

    async def _flush(self) -> None:
        assert self._file is not None, "open the file first"
        lines, self._lines = self._lines, []
        self._flushed = self._clock.now()
        await asyncio.to_thread(_write, self._file, lines)


def _write(file: BinaryIO, lines: list[str]) -> None:
    file.writelines(f"{line}\n".encode() for line in lines)
    file.flush()


def _write_and_close(file: BinaryIO, lines: list[str]) -> None:
    with file:
        _write(file, lines)
