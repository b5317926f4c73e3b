"""Recorded faces as JSON lines."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.frames import StreamSpec
from facewire.recordings.named_shapes import named_shapes, needed_rate
from facewire.recordings.recorded_face import MOST_FRAMES, RecordedFace, recorded_face
from facewire.sinks.jsonl import JsonlFrame, JsonlHeader

_LONGEST_LINE = 1 << 20
"""Bytes; ours have about a thousand."""


def read_lines(path: Path, _frame_rate: Fraction | None) -> RecordedFace:
    """Read a recording of ours; see `read_recording`.

    A last line that was cut off in the middle, by a crash while it was written, is left out.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds something else.
    """
    lines = _whole_lines(path)
    try:
        header = msgspec.json.decode(next(lines, b""), type=JsonlHeader)
        # As arrays at once: a frame of Python's numbers takes ten times the memory.
        values, counts = _columns(header, islice(lines, MOST_FRAMES + 1))
        rate = Fraction(*header.frame_rate)
    except msgspec.DecodeError as error:
        raise ValueError(f"it has a line that is not ours ({error})") from error
    except ZeroDivisionError as error:
        raise ValueError("its frame rate divides by zero") from error
    spec = StreamSpec(
        sample_rate=header.sample_rate,
        frame_rate=needed_rate(rate, None),
        lookahead=header.lookahead,
    )
    return recorded_face(
        arkit.from_named(values[:, 4:], header.names),
        spec,
        known=named_shapes(header.names),
        timestamps=counts[:, 0],
        turns=counts[:, 1],
        head=values[:, :3],
        speech=values[:, 3],
        engine=header.engine,
    )


def _whole_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while (line := file.readline(_LONGEST_LINE)).endswith(b"\n"):
            yield line
        if len(line) == _LONGEST_LINE:
            raise ValueError(f"it has a line of {_LONGEST_LINE >> 20} MiB or more")
        if file.tell() == len(line):  # a header alone
            yield line


def _columns(
    header: JsonlHeader, lines: Iterator[bytes]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return head, speech and weights, and timestamp and turn, of all frames."""
    values, counts = [], []
    with np.errstate(over="ignore"):  # what is too large is refused as infinity
        for line in lines:
            if not line.strip():
                continue
            frame = msgspec.json.decode(line, type=JsonlFrame)
            if len(frame.weights) != len(header.names):
                raise ValueError(
                    f"a line has more or fewer weights than the {len(header.names)} names"
                )
            values.append(np.array([*frame.head, frame.speech, *frame.weights], np.float32))
            counts.append(np.array([frame.timestamp, frame.turn], np.int64))
    return (
        np.array(values, np.float32).reshape(len(values), len(header.names) + 4),
        np.array(counts, np.int64).reshape(len(counts), 2),
    )
