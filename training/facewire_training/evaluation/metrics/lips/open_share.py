"""How much of the time are the lips apart? For what is no speech, and for song."""

from collections.abc import Sequence

import numpy as np

from facewire.face.lips import SHUT
from facewire_training.take import Take

Spans = Sequence[tuple[float, float]]
"""Starts and ends in seconds."""


def open_share(takes: Sequence[Take], spans: Sequence[Spans]) -> float:
    """Return the share of frames within spans in which the lips are apart; nan if there is none.

    Apart is a lip gap of more than `SHUT`, by which closures count as closures.

    Raises:
        ValueError: there are not as many lists of spans as takes.
    """
    found = [np.zeros(0, np.bool_)]
    for take, within in zip(takes, spans, strict=True):
        times = np.arange(len(take)) / float(take.frame_rate)
        apart = take.gap() > SHUT
        found += [apart[(times >= first) & (times < last)] for first, last in within]
    pooled = np.concatenate(found)
    return float(pooled.mean()) if len(pooled) else float("nan")
