"""Recordings as JSON lines: first what the stream is, then one object for each frame."""

from pathlib import Path

import msgspec

from facewire.clock import Clock, SystemClock
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.sinks.recording_file import RecordingFile, count_frames
from facewire.stream.sink import SinkRequest

VERSION = 1


class JsonlHeader(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="stream"):
    """The first line."""

    version: int = VERSION
    engine: str
    names: tuple[str, ...]
    frame_rate: tuple[int, int]
    """Numerator and denominator."""
    sample_rate: int
    """Hz of the clock that timestamps count."""
    lookahead: int
    """Samples."""


class JsonlFrame(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="frame"):
    """Every other line."""

    turn: int
    index: int
    timestamp: int
    speech: float
    head: tuple[float, float, float]
    """Yaw, pitch and roll in radians."""
    weights: list[float]
    """In the order of the header's names."""


class JsonlRecorder:
    """A sink that writes one line for each frame."""

    lossless = True

    def __init__(self, path: Path, clock: Clock | None = None, *, overwrite: bool = False) -> None:
        self.name = f"jsonl:{path}"
        self.recording = RecordingFile(path, clock or SystemClock(), overwrite=overwrite)

    async def open(self, spec: StreamSpec, engine: str) -> None:
        """Begin the file with what the stream is.

        Raises:
            ConfigError: it cannot be written, or must not be overwritten.
        """
        header = JsonlHeader(
            engine=engine,
            names=spec.names,
            frame_rate=spec.frame_rate.as_integer_ratio(),
            sample_rate=spec.sample_rate,
            lookahead=spec.lookahead,
        )
        first = msgspec.json.encode(header) + b"\n"
        await self.recording.open(lambda kept: first, count_frames(spec.frame_rate))

    async def send(self, frame: BlendshapeFrame) -> None:
        """Add a line; seven digits are what a float32 holds.

        Raises:
            OSError: the disk is full, or gone.
        """
        yaw, pitch, roll = frame.head
        line = JsonlFrame(
            turn=frame.turn,
            index=frame.index,
            timestamp=frame.timestamp,
            speech=round(frame.speech, 7),
            head=(round(yaw, 7), round(pitch, 7), round(roll, 7)),
            weights=[round(weight, 7) for weight in frame.weights.tolist()],
        )
        await self.recording.add(msgspec.json.encode(line) + b"\n")

    async def aclose(self) -> None:
        """Write what is left.

        Raises:
            OSError: the disk is full, or gone.
        """
        await self.recording.aclose()


def open_jsonl(request: SinkRequest) -> JsonlRecorder:
    """Return the recorder of a file."""
    return JsonlRecorder(Path(request.argument), request.clock, overwrite=request.overwrite)
