"""Recorded faces in numpy archives."""

import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from facewire import arkit
from facewire.frames import StreamSpec
from facewire.recordings.named_shapes import common_rate, named_shapes, needed_rate
from facewire.recordings.recorded_face import MOST_FRAMES, RecordedFace, recorded_face

_SERIES = ("weights", "timestamps", "head", "speech", "turns")
_SETTINGS = ("names", "frame_rate", "sample_rate", "lookahead", "engine")
_MOST_BYTES = MOST_FRAMES * arkit.COUNT * 8
"""Of one array, unpacked, as the archive declares it: float64 of all shapes."""


def read_archive(path: Path, frame_rate: Fraction | None) -> RecordedFace:
    """Read an archive of arrays; see `read_recording`.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds something else.
    """
    arrays = _arrays(path)
    if not {"weights", "names"} <= arrays.keys():
        raise ValueError("it lacks one of the arrays `weights` and `names`")
    return _face(arrays, frame_rate)


def _arrays(path: Path) -> dict[str, Any]:
    """Return the arrays that are of a face; the others are not unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                name: _unpacked(archive, name)
                for name in (*_SERIES, *_SETTINGS)
                if f"{name}.npy" in archive.namelist()
            }
    except (OSError, ValueError, MemoryError):
        raise
    except Exception as error:  # zipfile, zlib and numpy raise all kinds for what is damaged
        raise ValueError(f"it is no readable archive of numpy arrays ({error})") from error


def _unpacked(archive: zipfile.ZipFile, name: str) -> Any:
    member = archive.getinfo(f"{name}.npy")
    if member.file_size > _MOST_BYTES:
        size = member.file_size >> 20
        raise ValueError(f"`{name}` has {size} MiB, unpacked, more than a day of faces")
    with archive.open(member) as file:
        array = np.lib.format.read_array(file, allow_pickle=False)
    if name in _SERIES and array.dtype.kind not in "fiu":
        raise ValueError(f"`{name}` holds {array.dtype}, which are no numbers")
    return array


def _face(arrays: dict[str, Any], given: Fraction | None) -> RecordedFace:
    names = [str(name) for name in np.atleast_1d(arrays["names"])]
    with np.errstate(over="ignore"):  # what is too large is refused as infinity
        weights = arrays["weights"].astype(np.float32, copy=False)
    known = named_shapes(names)
    if weights.ndim != 2 or weights.shape[1] != len(names):
        raise ValueError(f"its weights are of shape {weights.shape} for {len(names)} names")
    found = _fraction(arrays["frame_rate"]) if "frame_rate" in arrays else None
    spec = StreamSpec(
        sample_rate=_whole(arrays, "sample_rate", 16_000),
        frame_rate=needed_rate(found, given),
        lookahead=_whole(arrays, "lookahead", 0),
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
    try:
        parts = [Fraction(float(part)) for part in value.ravel()]
        return Fraction(*parts) if len(parts) == 2 else common_rate(float(*parts))
    except (ValueError, TypeError, OverflowError, ZeroDivisionError) as error:
        raise ValueError("`frame_rate` is neither a number nor the two of a fraction") from error


def _whole(arrays: dict[str, Any], name: str, default: int) -> int:
    try:
        return int(arrays.get(name, default))
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"`{name}` is not one whole number") from error
