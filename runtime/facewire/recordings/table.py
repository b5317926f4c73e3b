"""Recorded faces in CSV files: of Live Link Face, and any that name shapes and seconds."""

import csv
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.frames import StreamSpec
from facewire.recordings.named_shapes import common_rate, named_shapes, needed_rate
from facewire.recordings.recorded_face import RecordedFace, recorded_face
from facewire.sinks.live_link_csv import ROTATIONS, read_csv

_TIME_COLUMNS = ("time_s", "time", "timestamp", "seconds", "t")
_HEAD = [ROTATIONS.index(name) for name in ("HeadYaw", "HeadPitch", "HeadRoll")]
_SIGNS = np.array([-1, 1, -1], np.float32)
"""The app's right is our left; see `live_link_csv`."""


def read_table(path: Path, frame_rate: Fraction | None) -> RecordedFace:
    """Read a CSV file; see `read_recording`.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds something else.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = [name.strip() for name in next(csv.reader(file), [])]
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


def _read_columns(
    path: Path, names: list[str], known: NDArray[np.bool_], frame_rate: Fraction | None
) -> RecordedFace:
    values = np.loadtxt(path, np.float64, delimiter=",", skiprows=1, ndmin=2, encoding="utf-8")
    timed = [names.index(name) for name in _TIME_COLUMNS if name in names]
    if not timed or len(values) < 2:
        spec = StreamSpec(frame_rate=needed_rate(None, frame_rate), lookahead=0)
        return recorded_face(_weights(values, names), spec, known=known)
    seconds = values[:, timed[0]] - values[0, timed[0]]
    if not seconds[-1] > 0:
        raise ValueError("its time stands still")
    spec = StreamSpec(frame_rate=common_rate((len(values) - 1) / float(seconds[-1])), lookahead=0)
    times = np.rint(seconds * spec.sample_rate).astype(np.int64)
    return recorded_face(_weights(values, names), spec, known=known, timestamps=times)


def _weights(values: NDArray[np.float64], names: list[str]) -> NDArray[np.float32]:
    return arkit.from_named(values.astype(np.float32), names)


def _places(timecodes: tuple[str, ...], nominal: int) -> list[int]:
    """Return each row's place, counted in frames from the first: the app leaves frames out.

    Rows whose timecode does not go on, such as those past midnight or without one, are counted.
    """
    places: list[int] = []
    base = 0
    for row, timecode in enumerate(timecodes):
        try:
            hours, minutes, seconds, frame = (float(part) for part in timecode.split(":"))
        except ValueError:
            return list(range(len(timecodes)))
        place = int(((hours * 60 + minutes) * 60 + seconds) * nominal + frame)
        base = place if row == 0 else base
        if places and place - base <= places[-1]:
            base = place - places[-1] - 1
        places.append(place - base)
    return places
