"""FLAME's parameters of a face, brought to ARKit's shapes.

A face is 100 expressions and 3 rotations of the jaw; PantoMatrix's matrix, 51 by 103, maps 51 ARKit
shapes in alphabetical order (all but tongueOut) to these, and its pseudo-inverse maps them back, as
in "From Tokens to Faces" (Correa et al. 2026). The results are not clipped: some are below 0. What
the capture did badly stays so: its jaw hardly rotates, and mouthClose is odd.
"""

from fractions import Fraction
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.errors import ConfigError
from facewire_training import shape_sets

FRAME_RATE = Fraction(30)
EXPRESSIONS = 100
JAW = slice(66, 69)
"""The jaw's rotation among the poses of SMPL-X."""
KNOWN = np.isin(arkit.NAMES, shape_sets.ALPHABETICAL)
"""[52]: the shapes that the matrix has."""

Floats = NDArray[np.float32]


def read_matrix(path: Path) -> NDArray[np.float64]:
    """Read the authors' matrix and return its pseudo-inverse, [103, 51].

    Raises:
        ConfigError: the file is missing, or holds something else.
    """
    try:
        matrix = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ConfigError(f"cannot read the matrix {path}: {error}; give a .npy file") from error
    expected = (len(shape_sets.ALPHABETICAL), EXPRESSIONS + 3)
    if getattr(matrix, "shape", None) != expected:
        shape = getattr(matrix, "shape", "an archive")
        raise ConfigError(
            f"the matrix {path} is {shape} instead of {expected}; give BEAT2's mat_final.npy"
        )
    if matrix.dtype.kind not in "fiu" or not np.isfinite(matrix).all():
        raise ConfigError(f"the matrix {path} has values that are no numbers; get it again")
    return np.asarray(np.linalg.pinv(matrix.astype(np.float64)))


def read_flame(path: Path, to_arkit: NDArray[np.float64]) -> Floats:
    """Read a recording's parameters, and return its weights by ARKit, [T, 52].

    Args:
        path: an archive with `expressions` [T, 100] and `poses` [T, 165].
        to_arkit: what `read_matrix` returns.

    Raises:
        ConfigError: the archive is missing, torn, or holds something else.
    """
    try:
        # Opened here, for numpy leaves what is no whole archive open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            given = {name: arrays[name] for name in ("expressions", "poses")}
            rate = float(arrays["mocap_frame_rate"]) if "mocap_frame_rate" in arrays else 30.0
    except (OSError, ValueError, KeyError, EOFError, TypeError, BadZipFile) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot read the face in {path}: {why}; get it again") from error
    expressions, poses = given["expressions"], given["poses"]
    _check(path, expressions, poses, rate)
    face = np.concatenate((expressions, poses[:, JAW]), axis=1).astype(np.float64)
    if not np.isfinite(face).all():
        raise ConfigError(f"the face in {path} has values that are no numbers; get it again")
    return arkit.from_named((face @ to_arkit).astype(np.float32), shape_sets.ALPHABETICAL)


def _check(
    path: Path, expressions: NDArray[np.generic], poses: NDArray[np.generic], rate: float
) -> None:
    sizes = f"expressions {expressions.shape} and poses {poses.shape}"
    whole = expressions.ndim == poses.ndim == 2 and 0 < len(expressions) == len(poses)
    if not whole or expressions.shape[1] != EXPRESSIONS or poses.shape[1] < JAW.stop:
        raise ConfigError(
            f"the face in {path} has {sizes}; BEAT2's have {EXPRESSIONS} and 165 a frame"
        )
    if expressions.dtype.kind not in "fiu" or poses.dtype.kind not in "fiu":
        raise ConfigError(f"the face in {path} has values that are no numbers; get it again")
    if rate != FRAME_RATE:
        raise ConfigError(f"the face in {path} has {rate:g} frames a second; give smplxflame_30")
