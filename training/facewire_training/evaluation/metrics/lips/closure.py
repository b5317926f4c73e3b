"""Do the lips meet when they must, and only then?

The lip gap is measured on the ICT mesh (`facewire.face.lips`); lips count as met where it is at
most `SHUT`, a tenth of the gap of jawOpen = 1 (3.3 mm).
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from facewire.face.lips import SHUT
from facewire_training.take import Take

BILABIALS = ("p", "b", "m")
OPEN_VOWELS = ("aa", "ae", "ah", "ao", "aw", "ay", "eh", "ow")
"""Vowels of which the jaw is at least half-way down in their first part."""

GRACE = 1
"""Frames on each side of a phone in which its closure still counts."""
SHORTEST_VOWEL_S = 0.060
LUCK_DRAWS = 8


def closure_rate(takes: Sequence[Take]) -> float:
    """Return the share of p b m in which the lips meet; nan if there is none.

    The smallest gap within the phone, or one frame before or after, is at most `SHUT`.
    """
    return _share(
        bool(take.gap()[frames].min() <= SHUT)
        for take in takes
        for frames in take.occurrences(BILABIALS, GRACE)
    )


def false_closure_rate(takes: Sequence[Take]) -> float:
    """Return the share of open vowels of 60 ms or more in which the lips are shut.

    The median gap within the vowel is at most `SHUT`; nan if there is no such vowel.
    """
    return _share(
        bool(np.median(take.gap()[frames]) <= SHUT)
        for take in takes
        for frames in take.occurrences(OPEN_VOWELS, shortest_s=SHORTEST_VOWEL_S)
    )


def luck_rate(takes: Sequence[Take], seed: int = 0) -> float:
    """Return how often lips would meet in windows that have nothing to do with p b m.

    Each window of `closure_rate` is moved, `LUCK_DRAWS` times, to a random other moment of the
    same utterance that is speech throughout and has no frame of p b m or its grace in it. A face
    that keeps its lips together closes by luck as often as by knowledge. nan if nothing fits.
    """
    rng = np.random.default_rng(seed)
    return _share(shut for take in takes for shut in _lucky(take, rng))


def _lucky(take: Take, rng: np.random.Generator) -> Iterator[bool]:
    allowed = ~(take.mask(("sil",)) | take.mask(BILABIALS, GRACE)) & _covered(take)
    shut = take.gap() <= SHUT
    for frames in take.occurrences(BILABIALS, GRACE):
        size = frames.stop - frames.start
        free = _running_count(allowed, size) == size
        places = np.flatnonzero(free)
        if len(places):
            for start in rng.choice(places, LUCK_DRAWS):
                yield bool(shut[start : start + size].any())


def _covered(take: Take) -> NDArray[np.bool_]:
    """Return which frames some phone covers, [T]."""
    covered = np.zeros(len(take), np.bool_)
    for phone in take.phones:
        covered[take.frames(phone)] = True
    return covered


def _running_count(mask: NDArray[np.bool_], size: int) -> NDArray[np.int64]:
    """Return how many are true of the `size` that begin at each place, [T - size + 1]."""
    total = np.concatenate(([0], np.cumsum(mask)))
    return total[size:] - total[:-size]


def _share(outcomes: Iterator[bool]) -> float:
    found = list(outcomes)
    return float(np.mean(found)) if found else float("nan")
