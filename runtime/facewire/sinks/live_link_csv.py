"""Recordings in the CSV form of Epic's Live Link Face app, which animation tools import.

The columns are in the app's own order, which is not that of the 52 shapes on the wire: right comes
before left for jaw and mouth. Such files are read by `recordings/live_link_table.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from facewire import arkit
from facewire.clock import Clock, SystemClock
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.sinks.live_link.timecode import Timecodes
from facewire.sinks.output_help import Option, OutputHelp, read_options
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


ABOUT = OutputHelp(
    form="csv:FILE",
    example="csv:face.csv",
    receivers="what imports recordings of Epic's Live Link Face app",
    switch_on="import the file",
    options=(
        Option("timecode", "00:00:00:00", "when it begins, HH:MM:SS:FF without dropped numbers"),
        Option(
            "count", "BlendshapeCount", "what the second column is called",
            ("BlendshapeCount", "BlendShapeCount"),
        ),
        Option("head", "yes", "whether the head's angles are recorded, or 0", ("yes", "no")),
    ),
)  # fmt: skip


class LiveLinkCsv:
    """A sink that writes one row for each frame."""

    lossless = True

    def __init__(
        self,
        path: Path,
        clock: Clock | None = None,
        *,
        overwrite: bool = False,
        options: Mapping[str, str] | None = None,
    ) -> None:
        """Get ready to record.

        Args:
            path: the file.
            clock: tells when it is time to write.
            overwrite: whether a file that exists is replaced.
            options: all of `ABOUT`, or none.

        Raises:
            ConfigError: the timecode is none.
        """
        chosen = options or read_options("", "", ABOUT.options)
        self.name = f"csv:{path}"
        self.recording = RecordingFile(path, clock or SystemClock(), overwrite=overwrite)
        self._count_name = chosen["count"]
        self._head = chosen["head"] == "yes"
        self._start = chosen["timecode"]
        self._timecodes = Timecodes(StreamSpec(), self._start, check_frame=False)

    async def open(self, spec: StreamSpec, engine: str) -> None:
        """Begin the file with the names of its columns.

        Raises:
            ConfigError: it cannot be written, or must not be overwritten; or no second of this
                frame rate has the frame at which its timecode begins.
        """
        self._timecodes = Timecodes(spec, self._start)
        names = (COLUMNS[0], self._count_name, *COLUMNS[2:])
        first = f"{','.join(names)}\n".encode()
        await self.recording.open(lambda kept: first, count_frames(spec.frame_rate))

    async def send(self, frame: BlendshapeFrame) -> None:
        """Add a row.

        Raises:
            OSError: the disk is full, or gone.
        """
        turned = frame if self._head else replace(frame, head=(0.0, 0.0, 0.0))
        values = [*frame.weights[_ORDER].tolist(), *rotations(turned)]
        row = ",".join(f"{value:.7f}" for value in values)
        line = f"{self._timecodes.at(frame.timestamp)},{_VALUES},{row}\n"
        await self.recording.add(line.encode())

    async def aclose(self) -> None:
        """Write what is left.

        Raises:
            OSError: the disk is full, or gone.
        """
        await self.recording.aclose()


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


@dataclass(frozen=True, slots=True)
class CsvOutput:
    """Makes the recorder of a file, as the function of an entry point does."""

    about: OutputHelp

    def __call__(self, request: SinkRequest) -> LiveLinkCsv:
        """Return the recorder.

        Raises:
            ConfigError: the timecode is none.
        """
        return LiveLinkCsv(
            Path(request.argument), request.clock, overwrite=request.overwrite,
            options=request.options,
        )  # fmt: skip


open_csv = CsvOutput(ABOUT)
