"""LVE as it was first defined: how far the lips of a mesh are from the true ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facewire_training.evaluation.metrics.pairs import captured, paired
from facewire_training.shape_sets import MOUTH
from facewire_training.take import Take


@dataclass(frozen=True, slots=True, eq=False)
class LipMesh:
    """The lips of a blendshape face."""

    moves_mm: NDArray[np.float64]
    """[52, V, 3]: where each shape at weight 1 moves each vertex of the lips, in millimetres."""

    def error_mm(self, takes: Sequence[Take], references: Sequence[Take]) -> float:
        """Return the mean over frames of the distance of the vertex that is farthest off, in mm.

        LVE of Richard et al. 2021 (MeshTalk) and Fan et al. 2022 (FaceFormer), who square it; all
        frames of all takes count the same. nan if there is no frame, or if a reference lacks
        shapes of the mouth: nobody knows then where its lips were.
        """
        if any(len(captured(reference, MOUTH)) < len(MOUTH) for reference in references):
            return float("nan")
        shapes, vertices, axes = self.moves_mm.shape
        flat = self.moves_mm.reshape(shapes, vertices * axes)
        farthest = [
            np.linalg.norm(((ours - true) @ flat).reshape(-1, vertices, axes), axis=2).max(axis=1)
            for ours, true in paired(takes, references)
            if len(true)
        ]
        pooled = np.concatenate([*farthest, []])
        return float(pooled.mean()) if len(pooled) else float("nan")
