"""Faces that everybody should find bad, made from the reference by a rule that reports state."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from facewire.face.regions import LOWER
from facewire.recordings import RecordedFace

LATE_MS = 200
SMOOTH_MS = 250
LATE_RULE = (
    f"the reference, {LATE_MS} ms late, each shape of the mouth averaged over {SMOOTH_MS} ms: its "
    "lips follow the speech, but seldom meet, and not in time"
)
MISMATCHED_RULE = "the reference's face of the next sentence"
STILL_RULE = "every shape at 0"


def late_anchors(faces: Mapping[str, RecordedFace]) -> dict[str, RecordedFace]:
    """Return each face with its mouth late and smoothed."""
    return {name: _late(face) for name, face in faces.items()}


def mismatched_anchors(faces: Mapping[str, RecordedFace]) -> dict[str, RecordedFace]:
    """Return for each sentence the face of the next one, again and again while the sound lasts."""
    names = list(faces)
    return {
        name: _repeated(faces[after], faces[name])
        for name, after in zip(names, [*names[1:], names[0]], strict=True)
    }


def still_face(face: RecordedFace) -> RecordedFace:
    """Return a face of the same length that does not move."""
    return replace(face, weights=np.zeros_like(face.weights), head=np.zeros_like(face.head))


def _late(face: RecordedFace) -> RecordedFace:
    rate = face.spec.frame_rate
    late, width = round(LATE_MS * rate / 1000), round(SMOOTH_MS * rate / 1000) // 2 * 2 + 1
    # Before the beginning and after the end the face stands as it does there.
    before = late + width // 2
    padded = np.pad(face.weights, ((before, width // 2), (0, 0)), mode="edge")
    summed = np.cumsum(np.pad(padded.astype(np.float64), ((1, 0), (0, 0))), axis=0)
    smooth = (summed[width:] - summed[:-width]) / width
    weights = np.where(LOWER, smooth[: len(face)].astype(np.float32), face.weights)
    return replace(face, weights=weights)


def _repeated(face: RecordedFace, where: RecordedFace) -> RecordedFace:
    at = np.arange(len(where)) % len(face)
    return replace(where, weights=face.weights[at], head=face.head[at])
