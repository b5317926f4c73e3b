"""Does the face move as smoothly as faces do, and rest when nothing is said?"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from facewire_training.evaluation.metrics.pairs import at_rate
from facewire_training.take import Take

JITTER_RATE = 30
"""Frames per second at which jitter is measured."""
PAUSE_S = 0.6
"""The shortest silence that counts as a pause."""
EASE_S = 0.3
"""How long after speech, and before it, a face may still move."""


def jitter(takes: Sequence[Take]) -> float:
    """Return the mean acceleration of all weights, per second squared; nan if takes are short.

    The mean over frames of the Euclidean norm of the second difference of the 52 weights, times
    30², with every take brought to 30 frames a second by linear interpolation.
    """
    norms = [
        np.linalg.norm(np.diff(at_rate(take, Fraction(JITTER_RATE)), n=2, axis=0), axis=1)
        * JITTER_RATE**2
        for take in takes
    ]
    pooled = np.concatenate([*norms, []])
    return float(pooled.mean()) if len(pooled) else float("nan")


def stillness(takes: Sequence[Take]) -> float:
    """Return how fast the face moves in pauses, in weights per second; 0 is a still face.

    The mean Euclidean norm of the difference of successive frames, times the frame rate, in
    silences of `PAUSE_S` or more without their first and last `EASE_S`; nan if there is none.
    """
    norms = [
        np.linalg.norm(np.diff(take.weights[frames], axis=0), axis=1) * float(take.frame_rate)
        for take in takes
        for frames in _pauses(take)
    ]
    pooled = np.concatenate([*norms, []])
    return float(pooled.mean()) if len(pooled) else float("nan")


def pause_difference(takes: Sequence[Take]) -> float:
    """Return the mean change of a weight from frame to frame in pauses; 0 is a still face.

    The mean over frames and the 52 weights of the size of the difference of successive frames at 30
    frames a second, in the silences of `stillness`; nan if there is none.
    """
    changes = [
        np.abs(np.diff(take.weights[frames], axis=0)).mean(axis=1)
        * float(take.frame_rate / JITTER_RATE)
        for take in takes
        for frames in _pauses(take)
    ]
    pooled = np.concatenate([*changes, []])
    return float(pooled.mean()) if len(pooled) else float("nan")


def _pauses(take: Take) -> list[slice]:
    ease = round(EASE_S * float(take.frame_rate))
    silences = take.occurrences(("sil",), shortest_s=PAUSE_S)
    return [slice(frames.start + ease, max(frames.stop - ease, 0)) for frames in silences]
