"""Is the mouth as open in each sound as real mouths are?

An opening reference says how far the lips of real people are apart in each phone, as a share of
their open vowels; `opening_references.json` holds them, with their sources. People say s, t and k
with their teeth together and their lips well apart, which a jaw that does it all cannot show.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np

from facewire_training.take import Take

UNIT = ("aa", "ae", "ah", "aw", "ay", "eh")
"""Vowels whose mean lip gap is 1: open, and not rounded."""
LIPS, GRID = "lips", "grid"
"""Names of the references: several people, and GRID's speaker 1."""
FEWEST = 3
"""Occurrences without which a phone has no mean."""


def opening_reference(name: str) -> Mapping[str, float]:
    """Return how open lips are in each phone, by label, as a share of open vowels.

    Raises:
        KeyError: there is no reference of that name.
    """
    found: dict[str, float] = _references()[name]["openings"]
    return found


def reached_by_lips(name: str) -> float:
    """Return what GRID's speaker's own lips reach against a reference, on validation clips.

    Raises:
        KeyError: there is no reference of that name.
    """
    return float(_references()[GRID]["reached"][name])


@lru_cache(maxsize=1)
def _references() -> dict[str, Any]:
    file = resources.files("facewire_training.evaluation.metrics.lips") / "opening_references.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def opening_correlation(takes: Sequence[Take], reference: Mapping[str, float]) -> float:
    """Return Pearson's correlation over occurrences of phones of our lip gap with a reference.

    The gap of an occurrence is the mean over its frames; phones that the reference lacks are left
    out. nan if fewer than two phones are left, or if a side is the same throughout.
    """
    ours, true = [], []
    for label, gaps in _gaps(takes).items():
        if label in reference:
            ours += gaps
            true += [reference[label]] * len(gaps)
    if len(set(true)) < 2 or np.std(ours) < 1e-9:
        return float("nan")
    return float(np.corrcoef(ours, true)[0, 1])


def opening_by_phone(takes: Sequence[Take]) -> dict[str, float]:
    """Return the mean lip gap of each phone as a share of the mean of `UNIT`, by label.

    Each occurrence counts the same; empty if the vowels of `UNIT` are missing or shut.
    """
    gaps = _gaps(takes)
    vowels = [np.mean(gaps[label]) for label in UNIT if label in gaps]
    if not vowels or np.mean(vowels) < 1e-6:
        return {}
    return {
        label: float(np.mean(found) / np.mean(vowels))
        for label, found in sorted(gaps.items())
        if len(found) >= FEWEST and label != "sil"
    }


def _gaps(takes: Sequence[Take]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for take in takes:
        gap = take.gap()
        for phone in take.phones:
            frames = take.frames(phone)
            if frames.stop > frames.start:
                found.setdefault(phone.label, []).append(float(gap[frames].mean()))
    return found
