"""Recorded faces in CSV files: of Live Link Face, and any that name shapes and seconds."""

import csv
import math
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.frames import StreamSpec
from facewire.recordings.live_link_table import read_csv
from facewire.recordings.named_shapes import common_rate, named_shapes, needed_rate
from facewire.recordings.recorded_face import MOST_FRAMES, RecordedFace, recorded_face
from facewire.sinks.live_link_csv import ROTATIONS

_TIME_COLUMNS = ("time_s", "time", "timestamp", "seconds", "t")
_SHAPES = {name.lower() for name in arkit.NAMES}
_HEAD = [ROTATIONS.index(name) for name in ("HeadYaw", "HeadPitch", "HeadRoll")]
_SIGNS = np.array([-1, 1, -1], np.float32)
"""The app's right is our left; see `live_link_csv`."""


def read_table(path: Path, frame_rate: Fraction | None) -> RecordedFace:
    """Read a CSV file; see `read_recording`.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds something else.
    """
    header = _header(path)
    known = named_shapes(header)
    if header[0] != "Timecode":
        return _read_columns(path, header, known, frame_rate)
    recording = read_csv(path)
    spec = StreamSpec(frame_rate=needed_rate(recording.frame_rate, frame_rate), lookahead=0)
    places = _places(recording.timecodes, math.ceil(spec.frame_rate))
    return recorded_face(
        recording.weights,
        spec,
        known=known,
        timestamps=np.array([spec.timestamp(place) for place in places], np.int64),
        head=recording.rotations[:, _HEAD] * _SIGNS,
    )


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = [name.strip() for name in next(csv.reader(file), [])]
    except UnicodeError as error:
        raise ValueError(f"its text is not UTF-8 ({error}); save it as that") from error
    except csv.Error as error:
        raise ValueError(f"its first line is not that of a CSV file ({error})") from error
    for separator in (";", "\t"):
        if separator.join(header).count(separator) >= arkit.COUNT // 2 > len(header):
            raise ValueError(f"it has {separator!r} between its columns; save it with commas there")
    return header


def _read_columns(
    path: Path, names: list[str], known: NDArray[np.bool_], frame_rate: Fraction | None
) -> RecordedFace:
    timed = next((names.index(name) for name in _TIME_COLUMNS if name in names), None)
    shapes = [place for place, name in enumerate(names) if name.lower() in _SHAPES]
    used = shapes if timed is None else [*shapes, timed]
    values = _numbers(path, used)
    weights = arkit.from_named(
        values[:, : len(shapes)].astype(np.float32), [names[place] for place in shapes]
    )
    if timed is None or len(values) < 2:
        spec = StreamSpec(frame_rate=needed_rate(None, frame_rate), lookahead=0)
        return recorded_face(weights, spec, known=known)
    seconds = values[:, -1] - values[0, -1]
    if not 0 < seconds[-1] < np.inf:
        raise ValueError("its time stands still, or is no number")
    rate = common_rate((len(values) - 1) / float(seconds[-1]))
    spec = StreamSpec(frame_rate=needed_rate(rate, None), lookahead=0)
    times = np.rint(seconds * spec.sample_rate)
    return recorded_face(weights, spec, known=known, timestamps=times)


def _numbers(path: Path, columns: list[int]) -> NDArray[np.float64]:
    """Return the rows below the header, [T, len(columns)]; others may hold words."""
    with path.open(encoding="utf-8-sig") as file:
        rows = (line for line in islice(file, 1, None) if line.strip())
        few = list(islice(rows, 1))
        if not few:
            return np.zeros((0, len(columns)))
        return np.loadtxt(
            chain(few, islice(rows, MOST_FRAMES)), np.float64, delimiter=",", quotechar='"',
            ndmin=2, usecols=columns,
        )  # fmt: skip


def _places(timecodes: tuple[str, ...], nominal: int) -> list[int]:
    """Return each row's place, counted in frames from the first: the app leaves frames out.

    Rows whose timecode does not go on, such as those past midnight or without one, are counted.
    """
    places: list[int] = []
    base = 0
    for row, timecode in enumerate(timecodes):
        try:
            hours, minutes, seconds, frame = (float(part) for part in timecode.split(":"))
            place = int(((hours * 60 + minutes) * 60 + seconds) * nominal + frame)
        except (ValueError, OverflowError):
            return list(range(len(timecodes)))
        base = place if row == 0 else base
        if places and place - base <= places[-1]:
            base = place - places[-1] - 1
        places.append(place - base)
    return places
