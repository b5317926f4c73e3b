"""Recordings in the CSV form of Epic's Live Link Face app, which animation tools import.

The columns are in the app's own order, which is not that of the 52 shapes on the wire: right comes
before left for jaw and mouth. Such files are read by `recordings/live_link_table.py`.
"""

import math
from pathlib import Path

import numpy as np

from facewire import arkit
from facewire.clock import Clock, SystemClock
from facewire.frames import BlendshapeFrame, StreamSpec
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


def open_csv(request: SinkRequest) -> LiveLinkCsv:
    """Return the recorder of a file."""
    return LiveLinkCsv(Path(request.argument), request.clock, overwrite=request.overwrite)
