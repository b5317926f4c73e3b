"""Recorded faces as JSON lines."""

from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np

from facewire import arkit
from facewire.frames import StreamSpec
from facewire.recordings.named_shapes import named_shapes
from facewire.recordings.recorded_face import RecordedFace, recorded_face
from facewire.sinks.jsonl import JsonlFrame, JsonlHeader


def read_lines(path: Path, _frame_rate: Fraction | None) -> RecordedFace:
    """Read a recording of ours; see `read_recording`.

    A last line that was cut off in the middle, by a crash while it was written, is left out.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds something else.
    """
    first, *lines = path.read_bytes().split(b"\n")
    if lines and lines[-1]:
        lines.pop()
    try:
        header = msgspec.json.decode(first, type=JsonlHeader)
        frames = [msgspec.json.decode(line, type=JsonlFrame) for line in lines if line]
    except msgspec.DecodeError as error:
        raise ValueError(f"it has a line that is not ours ({error})") from error
    if any(len(frame.weights) != len(header.names) for frame in frames):
        raise ValueError(f"a line has more or fewer weights than the {len(header.names)} names")
    weights = np.array([frame.weights for frame in frames], np.float32)
    spec = StreamSpec(
        sample_rate=header.sample_rate,
        frame_rate=Fraction(*header.frame_rate),
        lookahead=header.lookahead,
    )
    return recorded_face(
        arkit.from_named(weights.reshape(len(frames), len(header.names)), header.names),
        spec,
        known=named_shapes(header.names),
        timestamps=np.array([frame.timestamp for frame in frames], np.int64),
        head=np.array([frame.head for frame in frames], np.float32).reshape(-1, 3),
        speech=np.array([frame.speech for frame in frames], np.float32),
        turns=np.array([frame.turn for frame in frames], np.int64),
        engine=header.engine,
    )
