"""Are the lips round where they should be, and spread where not?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facewire.face.lips import lip_protrusion, lip_width
from facewire_training.evaluation.metrics.lips.openness import class_auc
from facewire_training.take import Take

ROUND = ("uw", "ow", "w", "uh", "sh", "ch")
SPREAD = ("iy", "ih", "ey", "eh", "ae", "s", "z")


def rounding_auc(takes: Sequence[Take]) -> float:
    """Return how well a frame's roundness separates `ROUND` from `SPREAD` phones."""
    return class_auc(takes, roundness, ROUND, SPREAD)


def roundness(take: Take) -> NDArray[np.float32]:
    """Return how much lips protrude less how much they widen, [T], in units of jawOpen's gap.

    Protrusion and narrowing go together in rounded sounds (Abry & Boë 1986, "Laws for lips").
    """
    return lip_protrusion(take.weights) - lip_width(take.weights)
