"""How well a number tells two classes apart, whatever its scale."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata


def auc(positive: NDArray[np.floating], negative: NDArray[np.floating]) -> float:
    """Return the chance that a random positive is larger than a random negative; ties count half.

    The area under the ROC curve, from the rank sum of Mann & Whitney 1947; nan if a class is empty.
    """
    if not len(positive) or not len(negative):
        return float("nan")
    ranks = rankdata(np.concatenate((positive, negative)))
    count = len(positive)
    rank_sum = ranks[:count].sum() - count * (count + 1) / 2
    return float(rank_sum / (count * len(negative)))
