"""The course of a captured mouth: the gap between its lips, its width and its jaw."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.face.lips import lip_gap, lip_protrusion, lip_width
from facewire_training.take import Take

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True, eq=False)
class TrueMotion:
    """What a mouth truly did. Only the course of the curves counts, not their unit or zero."""

    times_s: Floats
    """[T], seconds from the start of the audio."""
    curves: dict[str, Floats]
    """Those of `MEASURES` that are known, [T] each; nan where the face was not found."""


def _jaw(weights: Floats) -> Floats:
    return weights[:, arkit.INDEX["jawOpen"]]


def _round(weights: Floats) -> Floats:
    funnel, pucker = (arkit.INDEX[name] for name in ("mouthFunnel", "mouthPucker"))
    return np.asarray(weights[:, funnel] + weights[:, pucker])


MEASURES: dict[str, Callable[[Floats], Floats]] = {
    "gap": lip_gap,
    "width": lip_width,
    "jaw": _jaw,
    "round": _round,
    "protrusion": lip_protrusion,
}
"""What is compared: the gap between the lips, the width of the mouth, the weight jawOpen, the sum
of mouthFunnel and mouthPucker (rigs differ in which of the two they use), how far the upper lip
stands forward."""


def motion_of(take: Take) -> TrueMotion:
    """Return the motion of a captured take."""
    times_s = np.arange(len(take)) / float(take.frame_rate)
    return TrueMotion(times_s, {name: curve(take.weights) for name, curve in MEASURES.items()})
