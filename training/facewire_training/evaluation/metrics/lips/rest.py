"""Does the mouth stay shut while nobody speaks?"""

from collections.abc import Sequence

import numpy as np

from facewire_training.shape_sets import MOUTH
from facewire_training.take import Take

REST = 0.05


def rest_rate(takes: Sequence[Take]) -> float:
    """Return the share of frames in which no jaw or mouth weight exceeds 0.05, if nobody speaks.

    nan if the phones of some take are unknown, or anything but silence.
    """
    if any({phone.label for phone in take.phones} != {"sil"} for take in takes):
        return float("nan")
    rests = [(np.abs(take.weights[:, MOUTH]) <= REST).all(axis=1) for take in takes]
    pooled = np.concatenate([*rests, np.zeros(0, np.bool_)])
    return float(pooled.mean()) if len(pooled) else float("nan")
