"""Visemes of other systems as ARKit weights.

Oculus Lipsync's fifteen visemes are those of its reference (Meta, "Viseme Reference" of Oculus
Lipsync), which names the sounds of each; Ready Player Me's and TalkingHead's avatars have the same
set. wLipSync's are the Japanese vowels of uLipSync and S. Their poses are not copied from anybody:
each is what our own procedural animation showed in the middle of those sounds when the first model
was measured, and stays so (`viseme_poses.json`). Those open wide, as avatars' visemes do; today's
rules open less, and peers who hear faintly would look shut for a reason that is not theirs.
"""

import json
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from facewire import arkit

Floats = NDArray[np.float32]

OCULUS: dict[str, tuple[str, ...]] = {
    "sil": (),
    "PP": ("p", "b", "m"),
    "FF": ("f", "v"),
    "TH": ("th", "dh"),
    "DD": ("t", "d"),
    "kk": ("k", "g"),
    "CH": ("ch", "jh", "sh"),
    "SS": ("s", "z"),
    "nn": ("n", "l"),
    "RR": ("r",),
    "aa": ("aa",),
    "E": ("eh",),
    "I": ("ih",),
    "O": ("ao",),
    "U": ("uh",),
}
"""The sounds of each viseme; none is rest."""

VOWELS: dict[str, tuple[str, ...]] = {
    "A": ("aa",),
    "I": ("iy",),
    "U": ("uw",),
    "E": ("eh",),
    "O": ("ao",),
    "S": ("s",),
}
"""The same for the vowels of uLipSync."""


@lru_cache(maxsize=8)
def _poses(names: tuple[str, ...]) -> Floats:
    """Return the pose of each viseme, [V, 52].

    Raises:
        KeyError: there is no such set of visemes.
    """
    file = resources.files("facewire_training.evaluation.peers") / "viseme_poses.json"
    sets: dict[str, dict[str, dict[str, float]]] = json.loads(file.read_text(encoding="utf-8"))
    poses = next((found for found in sets.values() if tuple(found) == names), None)
    if poses is None:
        raise KeyError(f"no poses for the visemes {', '.join(names)}")
    rows = np.zeros((len(names), arkit.COUNT), np.float32)
    for row, pose in zip(rows, poses.values(), strict=True):
        for shape, weight in pose.items():
            row[arkit.INDEX[shape]] = weight
    return rows


def blend(amounts: Floats, visemes: dict[str, tuple[str, ...]]) -> Floats:
    """Return the face of viseme amounts, `[T, V]` in the order of the table to `[T, 52]`."""
    poses = _poses(tuple(visemes))
    if amounts.shape[-1] != len(poses):
        raise ValueError(f"{amounts.shape[-1]} amounts for {len(poses)} visemes")
    weights = np.clip(np.asarray(amounts, np.float32) @ poses, 0.0, 1.0)
    return np.asarray(weights, np.float32).reshape(len(amounts), arkit.COUNT)
