"""How far each group of shapes moves: too much jaw and too little lip, or the other way round."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire_training.evaluation.metrics.pairs import captured
from facewire_training.take import Take

GROUPS: dict[str, tuple[str, ...]] = {
    "funnel": ("mouthFunnel",),
    "pucker": ("mouthPucker",),
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
    "upper": ("mouthUpperUpLeft", "mouthUpperUpRight"),
    "lower": ("mouthLowerDownLeft", "mouthLowerDownRight"),
    "jaw": ("jawOpen",),
}
"""Shapes that are measured together, as the mean of left and right."""

PERCENTILE = 95.0


def group_amplitude(takes: Sequence[Take], group: str) -> float:
    """Return the 95th percentile of a group of `GROUPS` in speech; nan if it was not captured.

    Frames in silence are left out where phones are known. The mean over the group's shapes.
    """
    found = _in_speech(takes, GROUPS[group])
    return float(np.percentile(found, PERCENTILE)) if len(found) else float("nan")


def group_mean(takes: Sequence[Take], group: str) -> float:
    """Return the mean of a group of `GROUPS` in speech; nan if it was not captured."""
    found = _in_speech(takes, GROUPS[group])
    return float(found.mean()) if len(found) else float("nan")


def _in_speech(takes: Sequence[Take], shapes: Sequence[str]) -> NDArray[np.float64]:
    places = np.array([arkit.INDEX[name] for name in shapes])
    found = [np.zeros(0)]
    for take in takes:
        if len(captured(take, places)) < len(places):
            return np.zeros(0)
        spoken = ~take.mask(("sil",))
        found.append(take.weights[spoken][:, places].mean(axis=1).astype(np.float64))
    return np.concatenate(found)
