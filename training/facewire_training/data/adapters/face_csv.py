"""Captured faces in tables, by the names in their first line, and in numpy archives."""

import csv
from fractions import Fraction
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.errors import ConfigError
from facewire.sinks.live_link_csv import read_csv
from facewire_training.data.adapters.clip import Face

SUFFIXES = (".csv", ".npz")
_TIME_COLUMNS = ("time_s", "time", "timestamp", "seconds", "t")
_FEWEST_SHAPES = 4
_COMMON_RATES = (Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001))


def read_face(path: Path, frame_rate: Fraction | None = None) -> Face:
    """Read the face of one recording.

    * `.csv` of Live Link Face, or any CSV whose first line names ARKit's shapes and has a column of
      seconds (`time_s`, `time`, `timestamp`)
    * `.npz` with `weights` [T, N] and `names` [N], and `frame_rate` (a number, or two of a
      fraction), as `facewire animate` writes it

    Columns that are no ARKit shape are left out; shapes that are not there are 0, and not known.

    Args:
        path: the file.
        frame_rate: frames per second, if the file does not tell.

    Raises:
        ConfigError: the file cannot be read, names no shapes, or has no frame rate.
    """
    if path.suffix.lower() == ".npz":
        return _read_npz(path, frame_rate)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    if header[:1] == ["Timecode"]:
        recording = read_csv(path)
        return Face(recording.weights, _known(recording.frame_rate or frame_rate, path))
    return _read_table(path, header, frame_rate)


def _read_table(path: Path, header: list[str], frame_rate: Fraction | None) -> Face:
    names = [name.strip() for name in header]
    _check_shapes(path, names)
    try:
        values = np.loadtxt(path, np.float64, delimiter=",", skiprows=1, ndmin=2, encoding="utf-8")
    except ValueError as error:
        raise ConfigError(f"{path} has a row that is not numbers: {error}") from error
    timed = [names.index(name) for name in _TIME_COLUMNS if name in names]
    if timed and len(values) > 1:
        frame_rate = _rate_of(values[:, timed[0]])
    weights = arkit.from_named(values.astype(np.float32), names)
    return Face(weights, _known(frame_rate, path), _named(names))


def _read_npz(path: Path, frame_rate: Fraction | None) -> Face:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            weights = arrays["weights"].astype(np.float32)
            names = [str(name) for name in arrays["names"]]
            if "frame_rate" in arrays:
                frame_rate = _fraction(arrays["frame_rate"])
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise ConfigError(
            f"cannot read the face in {path}: {error}; it needs `weights` and `names`"
        ) from error
    _check_shapes(path, names)
    if weights.ndim != 2 or weights.shape[1] != len(names):
        raise ConfigError(f"{path} has weights of shape {weights.shape} for {len(names)} names")
    return Face(arkit.from_named(weights, names), _known(frame_rate, path), _named(names))


def _named(names: list[str]) -> NDArray[np.bool_]:
    """Return which of the 52 shapes are among the names, whatever their case."""
    return arkit.from_named(np.ones(len(names), np.float32), names) > 0


def _check_shapes(path: Path, names: list[str]) -> None:
    lowered = {name.lower() for name in arkit.NAMES}
    if sum(name.lower() in lowered for name in names) < _FEWEST_SHAPES:
        raise ConfigError(f"{path} does not name ARKit's blendshapes in its first line or `names`")


def _known(frame_rate: Fraction | None, path: Path) -> Fraction:
    if frame_rate is None or frame_rate <= 0:
        raise ConfigError(f"{path} does not tell its frame rate; add a column `time_s`")
    return frame_rate


def _fraction(value: NDArray[np.generic]) -> Fraction:
    parts = [float(part) for part in value.ravel()]
    return Fraction(*map(int, parts)) if len(parts) == 2 else _rate(parts[0])


def _rate_of(times_s: NDArray[np.float64]) -> Fraction:
    return _rate((len(times_s) - 1) / float(times_s[-1] - times_s[0]))


def _rate(measured: float) -> Fraction:
    """Return the common frame rate that was meant, if it is within a thousandth."""
    for rate in (Fraction(round(measured)), *_COMMON_RATES):
        if abs(float(rate) - measured) < 0.0005 * measured:
            return rate
    return Fraction(measured).limit_denominator(1001)
