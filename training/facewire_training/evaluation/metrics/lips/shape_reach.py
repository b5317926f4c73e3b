"""Do single shapes reach what a sound asks of them? Lower lip rolled in on f v, tongue on th dh l.

The contact of lip and teeth (`labiodental`) is measured on a mesh, and a narrow gap meets it; what
a viewer knows an f by is the lower lip turning in, which only mouthRollLower shows. ARKit has one
shape for the tongue, tongueOut: in th and dh its tip stands between the teeth (IPA: dental), in l
behind the upper ones, where a little of it is seen.
"""

from collections.abc import Callable, Collection, Sequence

import numpy as np

from facewire import arkit
from facewire_training.take import Take

ROLLED_IN = 0.2
"""mouthRollLower from which the lower lip is seen to be rolled in."""
TONGUE_SEEN = 0.1
"""tongueOut above which a tongue is seen."""


def reach_rate(takes: Sequence[Take], labels: Collection[str], shape: str, least: float) -> float:
    """Return the share of phones in whose frames a shape reaches a weight; nan if there is none.

    The largest weight within the phone's own frames, without grace.
    """
    place = arkit.INDEX[shape]
    reached = [
        bool(take.weights[frames, place].max() >= least)
        for take in takes
        for frames in take.occurrences(labels)
    ]
    return float(np.mean(reached)) if reached else float("nan")


def _rolled_in(label: str) -> Callable[[Sequence[Take]], float]:
    return lambda takes: reach_rate(takes, (label,), "mouthRollLower", ROLLED_IN)


def _tongue(label: str) -> Callable[[Sequence[Take]], float]:
    # Above it, not at it: the next number that float32 has.
    least = float(np.nextafter(np.float32(TONGUE_SEEN), np.float32(1)))
    return lambda takes: reach_rate(takes, (label,), "tongueOut", least)


OF_SHAPES: dict[str, Callable[[Sequence[Take]], float]] = {
    "roll_f": _rolled_in("f"),
    "roll_v": _rolled_in("v"),
    "tongue_th": _tongue("th"),
    "tongue_dh": _tongue("dh"),
    "tongue_l": _tongue("l"),
}
"""By the keys of the table's figures."""
