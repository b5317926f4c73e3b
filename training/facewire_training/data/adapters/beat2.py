"""BEAT2 (Liu et al. 2024, "EMAGE"): faces in FLAME's parameters, brought to ARKit's.

The data, and the matrix, are for non-commercial research. Layout of a language's folder:
`wave16k/*.wav`, `textgrid/*.TextGrid`, `smplxflame_30/*.npz`, and `train_test_split.csv` with the
columns id and type. A face is 100 expressions and 3 rotations of the jaw; the authors' matrix, 51
by 103, maps 51 ARKit shapes in alphabetical order to these, and its pseudo-inverse maps them back,
as in "From Tokens to Faces" (Correa et al. 2026). The results are not clipped: some are below 0.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.errors import ConfigError
from facewire_training import shape_sets
from facewire_training.data.adapters.clip import Clip, Face, clip_of
from facewire_training.data.adapters.phone_times import read_phone_times
from facewire_training.data.corpora.audio_file import read_mono
from facewire_training.data.corpora.corpus import SAMPLE_RATE, Utterance, cover_gaps

FRAME_RATE = Fraction(30)
EXPRESSIONS = 100
_JAW = slice(66, 69)
"""The jaw's rotation among the poses of SMPL-X."""


@dataclass(frozen=True, slots=True)
class Beat2:
    """One language of the data set."""

    root: Path
    matrix: Path
    """A .npy file with the authors' 51 by 103 matrix."""
    split: str = "test"
    """The recordings of which `type` are taken."""

    def clips(self) -> Iterator[Clip]:
        """Yield the recordings of the split.

        Raises:
            ConfigError: the folder or the matrix lacks something.
        """
        to_arkit = read_matrix(self.matrix)
        for name in self._names():
            yield self._clip(name, to_arkit)

    def _names(self) -> list[str]:
        path = self.root / "train_test_split.csv"
        try:
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            names = [row["id"] for row in rows if row["type"] == self.split]
        except (OSError, KeyError) as error:
            raise ConfigError(f"cannot read {path}: {error}; give a language's folder") from error
        if not names:
            raise ConfigError(f"{path} has no recording of type {self.split!r}")
        return names

    def _clip(self, name: str, to_arkit: NDArray[np.float64]) -> Clip:
        samples = read_mono(self.root / "wave16k" / f"{name}.wav")
        phones = read_phone_times(self.root / "textgrid" / f"{name}.TextGrid")
        covered = cover_gaps(phones, len(samples) / SAMPLE_RATE)
        utterance = Utterance(name, samples, covered, name.split("_")[0], "beat2")
        return clip_of(
            utterance, _read_flame(self.root / "smplxflame_30" / f"{name}.npz", to_arkit)
        )


def read_matrix(path: Path) -> NDArray[np.float64]:
    """Read the authors' matrix and return its pseudo-inverse, [103, 51].

    Raises:
        ConfigError: the file is missing, or holds something else.
    """
    try:
        matrix = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the matrix {path}: {error}; give a .npy file") from error
    expected = (len(shape_sets.ALPHABETICAL), EXPRESSIONS + 3)
    if matrix.shape != expected:
        raise ConfigError(f"the matrix {path} is {matrix.shape} instead of {expected}")
    return np.asarray(np.linalg.pinv(matrix.astype(np.float64)))


def _read_flame(path: Path, to_arkit: NDArray[np.float64]) -> Face:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            expressions = arrays["expressions"].astype(np.float64)
            jaw = arrays["poses"][:, _JAW].astype(np.float64)
        weights = np.concatenate((expressions, jaw), axis=1) @ to_arkit
    except (OSError, ValueError, KeyError, IndexError, BadZipFile) as error:
        raise ConfigError(f"cannot read the face in {path}: {error}") from error
    shapes = np.array([name in shape_sets.ALPHABETICAL for name in arkit.NAMES])
    mapped = arkit.from_named(weights.astype(np.float32), shape_sets.ALPHABETICAL)
    return Face(mapped, FRAME_RATE, shapes)
