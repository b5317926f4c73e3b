"""Is the mouth open where it should be? Frame by frame, free of scale."""

from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire_training.evaluation.metrics.auc import auc
from facewire_training.evaluation.metrics.lips.closure import BILABIALS, OPEN_VOWELS
from facewire_training.take import Take

LABIALS = (*BILABIALS, "f", "v", "w", "uw")
"""Sounds that need lips that are close to each other or to the teeth."""
HIGH_JAW = (*LABIALS, "s", "z", "sh", "zh", "ch", "jh")
"""Sounds that cannot be made with a low jaw (JALI, Edwards et al. 2016)."""

Score = Callable[[Take], NDArray[np.floating]]


def gap_auc(takes: Sequence[Take]) -> float:
    """Return how well a frame's lip gap separates open vowels from p b m."""
    return class_auc(takes, Take.gap, OPEN_VOWELS, BILABIALS)


def labial_auc(takes: Sequence[Take]) -> float:
    """Return how well a frame's lip gap separates open vowels from p b m f v w uw."""
    return class_auc(takes, Take.gap, OPEN_VOWELS, LABIALS)


def jaw_auc(takes: Sequence[Take]) -> float:
    """Return how well a frame's jawOpen separates open vowels from sounds with a high jaw."""
    return class_auc(takes, _jaw, OPEN_VOWELS, HIGH_JAW)


def class_auc(
    takes: Sequence[Take], score: Score, high: Collection[str], low: Collection[str]
) -> float:
    """Return how well a score separates the frames of two classes of phones, pooled over takes."""
    scores = [score(take) for take in takes]
    positive = [s[take.mask(high)] for s, take in zip(scores, takes, strict=True)]
    negative = [s[take.mask(low)] for s, take in zip(scores, takes, strict=True)]
    return auc(np.concatenate([*positive, []]), np.concatenate([*negative, []]))


def _jaw(take: Take) -> NDArray[np.float32]:
    return take.weights[:, arkit.INDEX["jawOpen"]]
