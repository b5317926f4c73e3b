"""How soon does the mouth open again after something louder?"""

from collections.abc import Sequence

import numpy as np

from facewire import arkit
from facewire_training.evaluation.metrics.lips.closure import OPEN_VOWELS
from facewire_training.take import Take

WINDOWS_S: dict[str, tuple[float, float]] = {
    "opening_0_1": (0.0, 1.0),
    "opening_1_2": (1.0, 2.0),
    "opening_2_5": (2.0, 5.0),
    "opening_5_10": (5.0, 10.0),
}
"""Seconds after the speech goes on at its new level, by the keys of the table."""

_JAW = arkit.INDEX["jawOpen"]


def jaw_recovery(
    takes: Sequence[Take], usual: Sequence[Take], moments_s: Sequence[float]
) -> dict[str, float]:
    """Return the jaw in open vowels as a share of what the same speech usually gets, by window.

    The ratio of the sums of jawOpen over the frames of open vowels, all takes pooled. nan where a
    window has no open vowel, or where the usual jaw is shut.

    Args:
        takes: faces of speech whose level changed at some moment.
        usual: faces of the same speech as it would be without that, shifted to the same times.
        moments_s: of each take, when the first sound at the new level begins.

    Raises:
        ValueError: the three are not of the same length.
    """
    sums = {key: [0.0, 0.0] for key in WINDOWS_S}
    for take, other, moment_s in zip(takes, usual, moments_s, strict=True):
        times = np.arange(min(len(take), len(other))) / float(take.frame_rate) - moment_s
        vowels = take.mask(OPEN_VOWELS)[: len(times)]
        for key, (first_s, last_s) in WINDOWS_S.items():
            frames = vowels & (times >= first_s) & (times < last_s)
            for side, face in enumerate((take, other)):
                sums[key][side] += float(face.weights[: len(times), _JAW][frames].sum())
    return {key: _ratio(*pair) for key, pair in sums.items()}


def _ratio(ours: float, usual: float) -> float:
    return ours / usual if usual > 1e-6 else float("nan")
