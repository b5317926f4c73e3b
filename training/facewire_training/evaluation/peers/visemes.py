"""Visemes of other systems as ARKit weights.

Oculus Lipsync's fifteen visemes are those of its reference (Meta, "Viseme Reference" of Oculus
Lipsync), which names the sounds of each; Ready Player Me's and TalkingHead's avatars have the same
set. wLipSync's are the Japanese vowels of uLipSync and S. Their poses are not copied from anybody:
each is what our own procedural animation shows in the middle of those sounds, so that a peer's
table of poses is as good as ours and only its hearing and its timing are compared.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire_engines.phones.phone_set import INDEX
from facewire_training.animation.procedural import animate
from facewire_training.phones import PhoneInterval

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

_LENGTH_S = 0.3
"""Of a sound that reaches its pose."""


@lru_cache(maxsize=8)
def _poses(sounds: tuple[tuple[str, ...], ...]) -> Floats:
    """Return the pose of each group of sounds, [V, 52]."""
    means = [np.mean([_pose(sound) for sound in group or ("sil",)], axis=0) for group in sounds]
    return np.asarray(np.stack(means), np.float32)


def _pose(sound: str) -> Floats:
    phone = PhoneInterval(0.0, _LENGTH_S, INDEX[sound])
    return np.asarray(animate([phone], np.array([_LENGTH_S / 2]))[0])


def blend(amounts: Floats, visemes: dict[str, tuple[str, ...]]) -> Floats:
    """Return the face of viseme amounts, `[T, V]` in the order of the table to `[T, 52]`."""
    poses = _poses(tuple(visemes.values()))
    if amounts.shape[-1] != len(poses):
        raise ValueError(f"{amounts.shape[-1]} amounts for {len(poses)} visemes")
    weights = np.clip(np.asarray(amounts, np.float32) @ poses, 0.0, 1.0)
    return np.asarray(weights, np.float32).reshape(len(amounts), arkit.COUNT)
