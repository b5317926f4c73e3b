"""Does the face move as smoothly as faces do, and rest when nothing is said?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facewire_training.metrics.take import Take

JITTER_RATE = 30
"""Frames per second at which jitter is measured."""
PAUSE_S = 0.6
"""The shortest silence that counts as a pause."""
EASE_S = 0.3
"""How long after speech, and before it, a face may still move."""


def jitter(takes: Sequence[Take]) -> float:
    """Return the mean acceleration of all weights, per second squared; nan if takes are short.

    The mean over frames of the Euclidean norm of the second difference of the 52 weights, times
    30², with every take brought to 30 frames a second by linear interpolation. Faces captured from
    real speech have 85 to 111.
    """
    norms = [
        np.linalg.norm(np.diff(_at_rate(take), n=2, axis=0), axis=1) * JITTER_RATE**2
        for take in takes
    ]
    pooled = np.concatenate([*norms, []])
    return float(pooled.mean()) if len(pooled) else float("nan")


def _at_rate(take: Take) -> NDArray[np.float64]:
    if take.frame_rate == JITTER_RATE:
        return take.weights.astype(np.float64)
    times = np.arange(len(take)) / float(take.frame_rate)
    wanted = np.arange(int(len(take) / take.frame_rate * JITTER_RATE)) / JITTER_RATE
    columns = [np.interp(wanted, times, column) for column in take.weights.T]
    return np.stack(columns, axis=1)


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


def _pauses(take: Take) -> list[slice]:
    ease = round(EASE_S * float(take.frame_rate))
    silences = take.occurrences(("sil",), shortest_s=PAUSE_S)
    return [slice(frames.start + ease, max(frames.stop - ease, 0)) for frames in silences]
