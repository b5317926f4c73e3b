"""Recordings as numpy archives.

An archive cannot grow, so frames first go to `NAME.npz.part`, row by row, and become `NAME.npz`
when the stream ends. What a crash left in a part is made into an archive of its own by the next
recording to the same name.
"""

import asyncio
import itertools
import logging
import os
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np

from facewire import arkit
from facewire.clock import Clock, SystemClock
from facewire.errors import ConfigError
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.sinks.line_file import FLUSH_NS, MAX_LINES, open_for_writing

logger = logging.getLogger(__name__)

_ROW = np.dtype(
    [
        ("weights", "<f4", (arkit.COUNT,)),
        ("head", "<f4", (3,)),
        ("speech", "<f4"),
        ("timestamps", "<i8"),
        ("indices", "<i8"),
        ("turns", "<i8"),
    ]
)


class _Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a part."""

    engine: str
    names: tuple[str, ...]
    frame_rate: tuple[int, int]
    sample_rate: int
    lookahead: int


class NpzRecorder:
    """A sink that writes an archive of arrays.

    `weights` [T, 52] in the order of `names` [52], `timestamps` [T] in samples of `sample_rate`
    Hz, `indices` [T], `turns` [T], `speech` [T], `head` [T, 3] in radians (yaw, pitch, roll),
    `frame_rate` [2] (numerator, denominator), `lookahead` in samples, `engine`.
    """

    lossless = True

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self.name = f"npz:{path}"
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._clock = clock or SystemClock()
        self._file: BinaryIO | None = None
        self._rows: list[bytes] = []
        self._flushed = 0

    async def open(self, spec: StreamSpec, engine: str) -> None:
        """Begin the part, and save one that a crash left.

        Raises:
            ConfigError: the folder cannot be written.
        """
        header = _Header(
            engine=engine,
            names=spec.names,
            frame_rate=spec.frame_rate.as_integer_ratio(),
            sample_rate=spec.sample_rate,
            lookahead=spec.lookahead,
        )
        self._file = await asyncio.to_thread(self._begin)
        self._rows = [msgspec.json.encode(header) + b"\n"]
        await self._flush()

    async def send(self, frame: BlendshapeFrame) -> None:
        """Add a row, and write if it is time.

        Raises:
            OSError: the disk is full, or gone.
        """
        row = np.array(
            (
                frame.weights, frame.head, frame.speech,
                frame.timestamp, frame.index, frame.turn,
            ),
            _ROW,
        )  # fmt: skip
        self._rows.append(row.tobytes())
        if len(self._rows) >= MAX_LINES or self._clock.now() - self._flushed >= FLUSH_NS:
            await self._flush()

    async def aclose(self) -> None:
        """Make the archive; may be called twice."""
        file, self._file = self._file, None
        if file is not None:
            rows, self._rows = self._rows, []
            await asyncio.to_thread(_finish, file, rows, self._part, self._path)

    def _begin(self) -> BinaryIO:
        if self._part.exists() and self._part.stat().st_size:
            saved = _free_name(self._path)
            try:
                save_part(self._part, saved)
            except (OSError, ValueError, msgspec.DecodeError) as error:
                raise ConfigError(
                    f"{self._part} is left from a recording that broke off, and cannot be read "
                    f"({error}); move it away"
                ) from error
            logger.warning("a recording that broke off is now in %s", saved)
        return open_for_writing(self._part)

    async def _flush(self) -> None:
        assert self._file is not None, "open the recorder first"
        rows, self._rows = self._rows, []
        self._flushed = self._clock.now()
        await asyncio.to_thread(_write, self._file, rows)


def save_part(part: Path, path: Path) -> None:
    """Make an archive of a part, whole or not at all, and remove the part.

    Raises:
        OSError: a file cannot be read or written; the part is still there.
        ValueError: it is not a part.
    """
    with part.open("rb") as file:
        header = msgspec.json.decode(file.readline(), type=_Header)
        # A crash can leave half a row at the end.
        whole = (part.stat().st_size - file.tell()) // _ROW.itemsize
        rows = np.fromfile(file, _ROW, count=whole)
    arrays: dict[str, Any] = msgspec.structs.asdict(header)
    arrays |= {name: rows[name] for name in _ROW.names or ()}
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        np.savez(file, **arrays)
    os.replace(temporary, path)
    part.unlink()


def _finish(file: BinaryIO, rows: list[bytes], part: Path, path: Path) -> None:
    with file:
        _write(file, rows)
    save_part(part, path)


def _write(file: BinaryIO, rows: list[bytes]) -> None:
    file.writelines(rows)
    file.flush()


def _free_name(path: Path) -> Path:
    names = (path.with_name(f"{path.stem}.recovered{n or ''}.npz") for n in itertools.count())
    return next(name for name in names if not name.exists())
