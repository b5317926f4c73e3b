"""Recordings in the CSV form of Epic's Live Link Face app, which animation tools import.

The columns are in the app's own order, which is not that of the 52 shapes on the wire: right comes
before left for jaw and mouth. Read such files by the names in their first line.
"""

import csv
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.clock import Clock, SystemClock
from facewire.errors import ConfigError
from facewire.frames import BlendshapeFrame, StreamSpec, Weights
from facewire.sinks.recording_file import RecordingFile, count_frames
from facewire.stream.sink import SinkRequest

EYE_YAW = 0.63
EYE_PITCH = 0.5
"""Radians for an eyeLook weight of 1: slopes in seven iPhone recordings made with the app."""

ROTATIONS = (
    "HeadYaw", "HeadPitch", "HeadRoll",
    "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll",
    "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
)  # fmt: skip


def _pascal(name: str) -> str:
    return name[0].upper() + name[1:]


def _app_order() -> tuple[str, ...]:
    names = list(arkit.NAMES)
    for pair in (("jawLeft", "jawRight"), ("mouthLeft", "mouthRight")):
        first, second = (names.index(name) for name in pair)
        names[first], names[second] = names[second], names[first]
    return tuple(names)


SHAPES = _app_order()
"""ARKit names in the order of the columns."""
COLUMNS = ("Timecode", "BlendshapeCount", *map(_pascal, SHAPES), *ROTATIONS)
_VALUES = len(COLUMNS) - 2
_ORDER = np.array([arkit.INDEX[name] for name in SHAPES])


class LiveLinkCsv:
    """A sink that writes one row for each frame."""

    lossless = True

    def __init__(self, path: Path, clock: Clock | None = None, *, overwrite: bool = False) -> None:
        self.name = f"csv:{path}"
        self.recording = RecordingFile(path, clock or SystemClock(), overwrite=overwrite)
        self._spec = StreamSpec()

    async def open(self, spec: StreamSpec, engine: str) -> None:
        """Begin the file with the names of its columns.

        Raises:
            ConfigError: it cannot be written, or must not be overwritten.
        """
        self._spec = spec
        first = f"{','.join(COLUMNS)}\n".encode()
        await self.recording.open(lambda kept: first, count_frames(spec.frame_rate))

    async def send(self, frame: BlendshapeFrame) -> None:
        """Add a row.

        Raises:
            OSError: the disk is full, or gone.
        """
        values = [*frame.weights[_ORDER].tolist(), *rotations(frame)]
        row = ",".join(f"{value:.7f}" for value in values)
        line = f"{timecode(self._spec, frame.timestamp)},{_VALUES},{row}\n"
        await self.recording.add(line.encode())

    async def aclose(self) -> None:
        """Write what is left.

        Raises:
            OSError: the disk is full, or gone.
        """
        await self.recording.aclose()


def timecode(spec: StreamSpec, timestamp: int) -> str:
    """Return `HH:MM:SS:FF.mmm` of a frame, counted in frames from 00:00:00:00.000.

    As in non-drop SMPTE timecode, a second has as many frames as the rate rounded up, so at
    30000/1001 frames a second an hour of timecode takes 3.6 seconds more than an hour.
    """
    nominal = math.ceil(spec.frame_rate)
    seconds, frame = divmod(spec.frame_count(timestamp), nominal)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours % 24:02}:{minutes:02}:{seconds:02}:{frame:02}.000"


def rotations(frame: BlendshapeFrame) -> list[float]:
    """Return head and eye angles in the app's convention: to the right and down are positive.

    That is ours with left and right exchanged. Yaw and pitch of the eyes were compared with
    recordings of the app; the sign of the head's roll follows from the mirror.
    """
    yaw, pitch, roll = frame.head
    look = {name: float(frame.weights[arkit.INDEX[name]]) for name in arkit.NAMES if "Look" in name}
    eyes = []
    for side, outwards in (("Left", -1), ("Right", 1)):
        out = look[f"eyeLookOut{side}"] - look[f"eyeLookIn{side}"]
        down = look[f"eyeLookDown{side}"] - look[f"eyeLookUp{side}"]
        eyes += [outwards * EYE_YAW * out, EYE_PITCH * down, 0.0]
    return [-yaw, pitch, -roll, *eyes]


@dataclass(frozen=True, slots=True, eq=False)
class CsvRecording:
    """What a CSV file of this form holds."""

    weights: Weights
    """[T, 52], in the order of `arkit.NAMES`."""
    rotations: NDArray[np.float32]
    """[T, 9] in radians, in the order of `ROTATIONS`; zero where the file has none."""
    timecodes: tuple[str, ...]
    frame_rate: Fraction | None
    """Frames that a second of timecode has; None if the file is shorter than that."""


def read_csv(path: Path) -> CsvRecording:
    """Read a recording of this form, by the names in its first line, whoever wrote it.

    A last line that was cut off in the middle, by a crash while it was written, is left out.

    Raises:
        ConfigError: the file is missing, or is something else.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            header, timecodes, values = _columns(file)
    except (OSError, ValueError, csv.Error) as error:
        raise ConfigError(
            f"{path} is not a readable CSV recording of Live Link Face ({error})"
        ) from error
    names = header[2:]
    rotations = np.zeros((len(values), len(ROTATIONS)), np.float32)
    for column, name in enumerate(ROTATIONS):
        if name in names:
            rotations[:, column] = values[:, names.index(name)]
    return CsvRecording(arkit.from_named(values, names), rotations, timecodes, _rate(timecodes))


def _columns(lines: Iterable[str]) -> tuple[list[str], tuple[str, ...], Weights]:
    """Return the names of the columns, the timecodes and the other values."""
    ended = True

    def noted() -> Iterator[str]:
        nonlocal ended
        for line in lines:
            ended = line.endswith("\n")
            yield line

    rows = csv.reader(noted())
    header = next(rows, [])
    timecodes, values = [], []
    for row in rows:
        if not row:
            continue
        if len(row) < len(header) and not ended:
            break
        if len(row) != len(header):
            raise ValueError(f"a row has {len(row)} values for {len(header)} columns")
        timecodes.append(row[0])
        # An array at once: as Python's numbers, an hour would take a gigabyte.
        values.append(np.array([float(text) for text in row[2:]], np.float32))
    return header, tuple(timecodes), np.array(values, np.float32).reshape(len(values), -1)


def _rate(timecodes: tuple[str, ...]) -> Fraction | None:
    """Return the frames of a second of timecode, seen where a second begins."""
    parts = (timecode.split(":") for timecode in timecodes)
    for last, current in pairwise(parts):
        if min(len(last), len(current)) < 4:
            return None
        if last[2] != current[2]:
            frame = last[3].partition(".")[0]
            return Fraction(int(frame) + 1) if frame.isdecimal() else None
    return None


def open_csv(request: SinkRequest) -> LiveLinkCsv:
    """Return the recorder of a file."""
    return LiveLinkCsv(Path(request.argument), request.clock, overwrite=request.overwrite)
