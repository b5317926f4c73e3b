"""How well somebody hears phones: shares of 10 ms tokens that are right."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from facewire_engines.phones.phone_set import INDEX, TOKEN_RATE
from facewire_training.data.shards import UNKNOWN
from facewire_training.phones import PhoneInterval

BILABIALS = tuple(INDEX[phone] for phone in ("p", "b", "m"))
_SEARCHED = 6
"""Tokens on either side of a boundary in which it is looked for."""
NEAR = 2
"""Tokens on either side of a boundary between phones that count as near it: 20 ms."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Shares, of tokens whose phone is known."""

    right: float
    recall: float
    """Of the tokens of p b m, how many are heard as that very phone."""
    precision: float
    """Of the tokens that are heard as p, b or m, how many are that very phone."""
    near: float
    """Right within 20 ms of a boundary."""
    tokens: int

    def __str__(self) -> str:
        return (
            f"{self.right:.1%} of {self.tokens} tokens right, within 20 ms of a boundary "
            f"{self.near:.1%}; p b m recall {self.recall:.1%}, precision {self.precision:.1%}"
        )


def score(heard: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Scores:
    """Compare the classes that were heard with those that are true, [T] each."""
    known = labels != UNKNOWN
    hit = (heard == labels)[known]
    said, found = np.isin(labels, BILABIALS)[known], np.isin(heard, BILABIALS)[known]
    near = near_boundaries(labels)[known]
    return Scores(
        right=_share(hit),
        recall=_share(hit[said]),
        precision=_share(hit[found]),
        near=_share(hit[near]),
        tokens=int(known.sum()),
    )


def near_boundaries(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which tokens, [T], are within 20 ms of a change from one known phone to another."""
    known = (labels[1:] != UNKNOWN) & (labels[:-1] != UNKNOWN)
    changes = np.flatnonzero((labels[1:] != labels[:-1]) & known) + 1
    near = np.zeros(len(labels), np.bool_)
    for offset in range(-NEAR, NEAR):
        places = changes + offset
        near[places[(places >= 0) & (places < len(labels))]] = True
    return near


def boundaries_late(heard: NDArray[np.floating], phones: Sequence[PhoneInterval]) -> list[float]:
    """Return by how many ms boundaries are heard late, of an utterance's phones.

    A boundary is heard where the phone after it becomes more probable than the one before it,
    between the centres of two tokens. What is not heard within 60 ms does not count.

    Args:
        heard: probability of each class at each token, [T, 40].
        phones: in order of time.
    """
    late = []
    for before, after in pairwise(phones):
        if before.phone_index == after.phone_index:
            continue
        place = after.start_s * TOKEN_RATE - 0.5
        first = max(int(np.ceil(place)) - _SEARCHED, 0)
        part = heard[first : first + 2 * _SEARCHED]
        more = part[:, after.phone_index] - part[:, before.phone_index]
        turns = np.flatnonzero((more[:-1] < 0) & (more[1:] >= 0))
        if len(turns):
            exact = turns + more[turns] / (more[turns] - more[turns + 1]) + first - place
            late.append(float(exact[np.abs(exact).argmin()]) * 1000 / TOKEN_RATE)
    return late


def _share(hits: NDArray[np.bool_]) -> float:
    return float(hits.mean()) if hits.size else float("nan")
