"""Does the lower lip touch the upper teeth on f and v?"""

from collections.abc import Sequence

import numpy as np

from facewire.face.lips import labiodental_gap
from facewire_training.evaluation.metrics.lips.closure import GRACE
from facewire_training.take import Take

LABIODENTALS = ("f", "v")

TOUCHING = 0.08
"""Of the gap of jawOpen = 1: 2.6 mm. The neutral face and closed lips are at 0.18 to 0.19."""


def labiodental_rate(takes: Sequence[Take]) -> float:
    """Return the share of f v in which lip and teeth come within `TOUCHING`; nan if none.

    The smallest distance within the phone, or one frame before or after, on the ICT mesh.
    """
    touched = [
        bool(labiodental_gap(take.weights[frames]).min() <= TOUCHING)
        for take in takes
        for frames in take.occurrences(LABIODENTALS, GRACE)
    ]
    return float(np.mean(touched)) if touched else float("nan")
