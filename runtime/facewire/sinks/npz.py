"""Recordings as numpy archives.

An archive cannot grow, so frames first go to `NAME.npz.part`, row by row, and become `NAME.npz`
when the stream ends. What a crash left in a part becomes an archive by `facewire recover`.
"""

import asyncio
import errno
import itertools
import os
import secrets
import shlex
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from facewire import arkit
from facewire.clock import Clock, SystemClock
from facewire.errors import ConfigError
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.sinks.file_opening import cannot_record, is_kept, open_to_record
from facewire.sinks.recording_file import RecordingFile, count_frames
from facewire.stream.sink import SinkRequest

PART = ".part"

_MAX_HEADER_BYTES = 1 << 16
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

    def __init__(self, path: Path, clock: Clock | None = None, *, overwrite: bool = False) -> None:
        self.name = f"npz:{path}"
        self.recording = NpzFile(path, clock or SystemClock(), overwrite=overwrite)

    async def open(self, spec: StreamSpec, engine: str) -> None:
        """Begin the part.

        Raises:
            ConfigError: it cannot be written, or the archive must not be overwritten.
        """
        header = _Header(
            engine=engine,
            names=spec.names,
            frame_rate=spec.frame_rate.as_integer_ratio(),
            sample_rate=spec.sample_rate,
            lookahead=spec.lookahead,
        )
        await self.recording.open(header, spec)

    async def send(self, frame: BlendshapeFrame) -> None:
        """Add a row.

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
        await self.recording.add(row.tobytes())

    async def aclose(self) -> None:
        """Make the archive; may be called twice.

        Raises:
            OSError: the disk is full, or gone; the frames are in the part.
        """
        await self.recording.aclose()


class NpzFile:
    """An archive in the making: rows in a part."""

    def __init__(self, path: Path, clock: Clock, *, overwrite: bool) -> None:
        self.path = path
        """Where the archive will be, as it was named."""
        self.whole = False
        """Whether the archive is there, with all that was added."""
        self._clock = clock
        self._overwrite = overwrite
        self._target = path
        """The same place, links resolved."""
        self._part: RecordingFile | None = None

    @property
    def kept(self) -> int:
        """Frames that are on disk."""
        return self._part.kept if self._part else 0

    def usable(self) -> str:
        """Say how much of a recording that is not whole can be used."""
        if self._part is None or not self.kept:
            return "nothing of it can be used"
        part = self._part.path
        return (
            f"{self._part.say(self.kept)} are in {part}, and become an archive by "
            f"`facewire recover {shlex.quote(str(part))}`"
        )

    async def open(self, header: _Header, spec: StreamSpec) -> None:
        """Begin the part; one that a crash left stays as it is."""
        self._target, part = await asyncio.to_thread(self._places)
        first = msgspec.json.encode(header) + b"\n"
        self._part = RecordingFile(part, self._clock)
        await self._part.open(lambda kept: first, count_frames(spec.frame_rate))

    def _places(self) -> tuple[Path, Path]:
        try:
            target = archive_path(self.path, overwrite=self._overwrite)
            return target, _free_part(target)
        except (OSError, ValueError) as error:
            raise cannot_record(self.path, error) from error

    async def add(self, row: bytes) -> None:
        """Add a row, and write if it is time."""
        assert self._part is not None, "open the recorder first"
        await self._part.add(row)

    async def aclose(self) -> None:
        """Make the archive."""
        if self._part is not None and not self._part.whole:
            await self._part.aclose()
            if self._part.whole and self.kept:
                await asyncio.to_thread(
                    save_part, self._part.path, self._target, overwrite=self._overwrite
                )
            self.whole = self._part.whole


def archive_path(named: Path, *, overwrite: bool) -> Path:
    """Return where an archive goes, links resolved.

    Raises:
        ConfigError: no archive can be there, or one is that must not be overwritten.
    """
    path = Path(os.path.realpath(named))
    if os.path.exists(path) and not os.path.isfile(path):
        raise ConfigError(f"{named} is no file on a disk, which an archive needs; name another")
    if is_kept(path) and not overwrite:
        raise ConfigError(f"{named} exists; give another name, or --overwrite to replace it")
    return path


def save_part(part: Path, path: Path, *, overwrite: bool) -> int:
    """Make an archive of a part, whole or not at all, and remove the part.

    Returns:
        How many frames it holds.

    Raises:
        OSError: a file cannot be read or written; the part is still there.
        ValueError: it is not a part.
        ConfigError: the part is still being written.
    """
    if not part.is_file():
        raise FileNotFoundError(errno.ENOENT, "there is no such file")
    opened = open_to_record(part, overwrite=True)
    try:
        arrays = _read_part(part)
        if path.exists() and path.samefile(part):
            raise FileExistsError(errno.EEXIST, "an archive needs another name than its part")
        if is_kept(path) and not overwrite:
            raise FileExistsError(errno.EEXIST, f"{path} exists by now")
        _save(arrays, path)
        part.unlink()
    finally:
        os.close(opened.descriptor)
    return len(arrays["weights"])


def _read_part(part: Path) -> dict[str, Any]:
    """Return the arrays of a part; a crash can leave half a row at its end, which is left out."""
    with part.open("rb") as file:
        try:
            header = msgspec.json.decode(file.readline(_MAX_HEADER_BYTES), type=_Header)
        except msgspec.DecodeError as error:
            raise ValueError(f"it does not begin as a part does: {error}") from error
        begin = file.tell()
    count = (part.stat().st_size - begin) // _ROW.itemsize
    if not count:
        raise ValueError("it holds no frame")
    rows = np.memmap(part, _ROW, "r", offset=begin, shape=(count,))
    arrays: dict[str, Any] = msgspec.structs.asdict(header)
    return arrays | {name: rows[name] for name in _ROW.names or ()}


def _save(arrays: dict[str, Any], path: Path) -> None:
    # A name that nobody else has, and "x": what is there, a link included, is never written to.
    temporary = path.with_name(f"facewire-{secrets.token_hex(8)}.npz.tmp")
    file = temporary.open("xb")
    try:
        with file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _free_part(path: Path) -> Path:
    """Return a name for the part; one that a crash left keeps its own.

    Raises:
        ConfigError: the archive is being recorded.
    """
    first = path.with_name(path.name + PART)
    names = (path.with_name(f"{path.name}.{number}{PART}") for number in itertools.count(2))
    if os.path.isfile(first):
        os.close(open_to_record(first, overwrite=True).descriptor)
    return next(part for part in itertools.chain([first], names) if not os.path.lexists(part))


def open_npz(request: SinkRequest) -> NpzRecorder:
    """Return the recorder of a file."""
    return NpzRecorder(Path(request.argument), request.clock, overwrite=request.overwrite)
