"""The lips of the ICT face model, for errors in millimetres."""

from pathlib import Path

import numpy as np

from facewire_training.animation.make_lip_geometry import load_face_model
from facewire_training.evaluation.metrics.errors.mesh_error import LipMesh

_SKIN = 9_409
"""The first vertices of the model are the face; then come neck, mouth, eyes and teeth."""
_LIPS = slice(48, 68)
"""Landmarks of the iBUG 68 scheme."""
_REACH_CM = 0.6
"""Skin this near to one of the landmarks is lip: all of the red, and its rim."""
_MM = 10.0


def load_lip_mesh(folder: Path) -> LipMesh:
    """Read the lips of the model in a folder (see `make_lip_geometry`).

    Raises:
        ConfigError: the folder lacks a file of the model.
    """
    neutral, moves, landmarks = load_face_model(folder)
    skin = neutral[:_SKIN]
    distance = np.linalg.norm(skin[:, None] - neutral[landmarks[_LIPS]][None], axis=2).min(axis=1)
    lips = np.flatnonzero(distance <= _REACH_CM)
    return LipMesh(_MM * moves[:, lips])
