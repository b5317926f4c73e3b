"""Brows go up a little where the voice is raised.

Brow movements mark pitch accents and stressed words (Cavé et al. 1996; Swerts & Krahmer 2008,
"Facial expression and prosodic prominence"): the brows rise shortly before the stressed vowel, and
fall more slowly than they rose.
"""

import numpy as np
from numpy.typing import NDArray

from facewire_engines.phones.phone_set import PHONES
from facewire_training.animation.closures import ramp_window
from facewire_training.animation.coarticulation import Segments
from facewire_training.animation.procedural_targets import VOWELS

Floats = NDArray[np.float64]

THRESHOLD = 0.3
"""The effort from which a vowel is an accent."""
HEIGHT = 0.28
"""How far the brows go up per unit of effort above the threshold."""
SHORTEST_S = 0.06
RISE_S = 0.14
FALL_S = 0.26

_IS_VOWEL = np.array([phone in VOWELS for phone in PHONES])


def brow_raise(segments: Segments, times_s: Floats, effort: Floats) -> Floats:
    """Return how far the brows are up at each time, [T], from the effort of each segment, [S]."""
    raised = np.zeros(len(times_s))
    long = segments.end_s - segments.start_s >= SHORTEST_S
    accents = np.flatnonzero(_IS_VOWEL[segments.phone] & long & (effort > THRESHOLD))
    for at in accents:
        start, end = segments.start_s[at], segments.end_s[at]
        corners = np.array([start - RISE_S, start + 0.02, end, end + FALL_S])
        low, high = np.searchsorted(times_s, corners[[0, 3]])
        bump = HEIGHT * (effort[at] - THRESHOLD) * ramp_window(times_s[low:high], corners)
        raised[low:high] = np.maximum(raised[low:high], bump)
    return raised
