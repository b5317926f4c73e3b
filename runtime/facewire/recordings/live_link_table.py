"""Recordings of Epic's Live Link Face app, and ours in its form, read by the names of columns."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.errors import ConfigError
from facewire.frames import Weights
from facewire.sinks.live_link_csv import ROTATIONS


@dataclass(frozen=True, slots=True, eq=False)
class CsvRecording:
    """What a CSV file of this form holds."""

    weights: Weights
    """[T, 52], in the order of `arkit.NAMES`."""
    rotations: NDArray[np.float32]
    """[T, 9] in radians, in the order of `ROTATIONS`; zero where the file has none."""
    timecodes: tuple[str, ...]
    frame_rate: Fraction | None
    """Frames that a second of timecode has; None if the file is shorter than that."""


def read_csv(path: Path) -> CsvRecording:
    """Read a recording of this form, by the names in its first line, whoever wrote it.

    A last line that was cut off in the middle, by a crash while it was written, is left out.

    Raises:
        ConfigError: the file is missing, or is something else.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            header, timecodes, values = _columns(file)
    except (OSError, ValueError, csv.Error) as error:
        raise ConfigError(
            f"{path} is not a readable CSV recording of Live Link Face ({error})"
        ) from error
    names = header[2:]
    rotations = np.zeros((len(values), len(ROTATIONS)), np.float32)
    for column, name in enumerate(ROTATIONS):
        if name in names:
            rotations[:, column] = values[:, names.index(name)]
    return CsvRecording(arkit.from_named(values, names), rotations, timecodes, _rate(timecodes))


def _columns(lines: Iterable[str]) -> tuple[list[str], tuple[str, ...], Weights]:
    """Return the names of the columns, the timecodes and the other values."""
    ended = True

    def noted() -> Iterator[str]:
        nonlocal ended
        for line in lines:
            ended = line.endswith("\n")
            yield line

    rows = csv.reader(noted())
    header = next(rows, [])
    timecodes, values = [], []
    for row in rows:
        if not row:
            continue
        if len(row) < len(header) and not ended:
            break
        if len(row) != len(header):
            raise ValueError(f"a row has {len(row)} values for {len(header)} columns")
        timecodes.append(row[0])
        # An array at once: as Python's numbers, an hour would take a gigabyte.
        values.append(np.array([float(text) for text in row[2:]], np.float32))
    return header, tuple(timecodes), np.array(values, np.float32).reshape(len(values), -1)


def _rate(timecodes: tuple[str, ...]) -> Fraction | None:
    """Return the frames of a second of timecode, seen where a second begins."""
    parts = (timecode.split(":") for timecode in timecodes)
    for last, current in pairwise(parts):
        if min(len(last), len(current)) < 4:
            return None
        if last[2] != current[2]:
            frame = last[3].partition(".")[0]
            return Fraction(int(frame) + 1) if frame.isdecimal() else None
    return None
