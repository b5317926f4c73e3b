"""Recorded faces in numpy archives."""

from fractions import Fraction
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from facewire import arkit
from facewire.frames import StreamSpec
from facewire.recordings.named_shapes import common_rate, named_shapes, needed_rate
from facewire.recordings.recorded_face import RecordedFace, recorded_face


def read_archive(path: Path, frame_rate: Fraction | None) -> RecordedFace:
    """Read an archive of arrays; see `read_recording`.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return _face(dict(arrays), frame_rate)
    except (KeyError, BadZipFile, EOFError, TypeError) as error:
        raise ValueError(f"{error}; it needs `weights` and `names`") from error


def _face(arrays: dict[str, Any], given: Fraction | None) -> RecordedFace:
    names = [str(name) for name in arrays["names"]]
    weights = arrays["weights"].astype(np.float32)
    known = named_shapes(names)
    if weights.ndim != 2 or weights.shape[1] != len(names):
        raise ValueError(f"its weights are of shape {weights.shape} for {len(names)} names")
    found = _fraction(arrays["frame_rate"]) if "frame_rate" in arrays else None
    spec = StreamSpec(
        sample_rate=int(arrays.get("sample_rate", 16_000)),
        frame_rate=needed_rate(found, given),
        lookahead=int(arrays.get("lookahead", 0)),
    )
    return recorded_face(
        arkit.from_named(weights, names),
        spec,
        known=known,
        timestamps=arrays.get("timestamps"),
        head=arrays.get("head"),
        speech=arrays.get("speech"),
        turns=arrays.get("turns"),
        engine=str(arrays.get("engine", "recording")),
    )


def _fraction(value: Any) -> Fraction:
    parts = [float(part) for part in value.ravel()]
    return Fraction(*map(int, parts)) if len(parts) == 2 else common_rate(parts[0])
