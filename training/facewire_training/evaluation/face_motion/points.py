"""Points of the face by which motion is measured, in mm, and how far each shape moves them.

Of people they are MediaPipe's landmarks on the steadied head; of weights, the same places of the
ICT face model (iBUG's 68 landmarks), which is linear in its weights. Outer corners of the eyes are
90 mm apart on both.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire_training.animation.make_lip_geometry import load_face_model

Floats = NDArray[np.float64]

EYES_MM = 90.0
_OUTER_CORNERS = (36, 45)


class Measure(NamedTuple):
    """The place of some landmarks along one axis, or of one side's against the other's."""

    right: tuple[int, ...]
    """MediaPipe's numbers, of the speaker's right or of the middle."""
    left: tuple[int, ...]
    right_ict: tuple[int, ...]
    """iBUG's numbers of the same."""
    left_ict: tuple[int, ...]
    axis: int
    """0 is to the speaker's left, 1 is up."""
    tilt: bool = False
    """Whether left less right is meant, instead of the mean of both."""


MEASURES: dict[str, Measure] = {
    "inner brows, up": Measure((107,), (336,), (21,), (22,), 1),
    "outer brows, up": Measure((70,), (300,), (17,), (26,), 1),
    "outer brows, left above right": Measure((70,), (300,), (17,), (26,), 1, tilt=True),
    "lower lids, up": Measure((145,), (374,), (40, 41), (46, 47), 1),
    "mouth, to the left": Measure((61, 13), (291, 14), (48, 62), (54, 66), 0),
    "corners, left above right": Measure((61,), (291,), (48,), (54,), 1, tilt=True),
    "chin, to the left": Measure((152,), (152,), (8,), (8,), 0),
}


def of_landmarks(measure: Measure, points: Floats, numbers: Sequence[int]) -> Floats:
    """Return a measure of steadied landmarks [..., K, 3] in mm, whose y is down."""
    right, left = (
        np.mean([points[..., list(numbers).index(n), measure.axis] for n in side], axis=0)
        for side in (measure.right, measure.left)
    )
    up = -1 if measure.axis == 1 else 1
    return np.asarray(up * (left - right if measure.tilt else (left + right) / 2))


def of_shapes(folder: Path) -> dict[str, Floats]:
    """Return by how many mm each shape at 1 moves each measure of the ICT face, [52].

    Raises:
        ConfigError: the folder lacks a file of the model.
    """
    neutral, moves, landmarks = load_face_model(folder)
    eyes = neutral[landmarks[list(_OUTER_CORNERS)]]
    scale = EYES_MM / float(np.linalg.norm(eyes[1] - eyes[0]))
    found: dict[str, Floats] = {}
    for name, measure in MEASURES.items():
        right, left = (
            np.mean([moves[:, landmarks[n], measure.axis] for n in side], axis=0) * scale
            for side in (measure.right_ict, measure.left_ict)
        )
        found[name] = np.asarray(left - right if measure.tilt else (left + right) / 2)
        assert found[name].shape == (arkit.COUNT,)
    return found
