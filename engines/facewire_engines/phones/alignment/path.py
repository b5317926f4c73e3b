"""The most likely path of what was heard through units that are said one after the other.

Viterbi, "Error bounds for convolutional codes", IEEE Trans. Inf. Theory 13(2), 1967, over the
tokens of a stretch of speech. Each unit is a chain of as many states as it lasts tokens at least,
the last of which may repeat. Leaving a unit's bounds costs; nothing is forbidden, so there is
always a path.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facewire_engines.phones.alignment.similarity import likeness
from facewire_engines.phones.alignment.units import SILENCE, Unit

Floats = NDArray[np.float32]
States = NDArray[np.int64]

FLOOR = 1e-3
"""No phone is less likely: one mistake of the encoder must not forbid a path."""
UNKNOWN = 1.0
"""What it costs, for each token, to hear speech where nothing is said to be spoken."""
FAR = 12.0
"""What it costs at most to be outside of a unit's bounds, for each token."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path is: in which unit, and for how many tokens it has been there."""

    unit: int
    run: int


def scores(heard: Floats, units: Sequence[Unit], first: int) -> Floats:
    """Return the log-likelihood of each unit at each token, [T, U].

    Args:
        heard: the probability of each class at each token, [T, C].
        units: what may be said.
        first: which token of the speech the first of them is.
    """
    most = np.log(np.maximum(heard.max(axis=1), FLOOR))
    silence = np.log(np.maximum(heard[:, SILENCE], FLOOR))
    pause = np.maximum(silence, most - UNKNOWN)
    floored = np.maximum(likeness(heard), FLOOR)
    tokens = np.arange(first, first + len(heard))
    table = np.empty((len(heard), len(units)), np.float32)
    for column, unit in enumerate(units):
        if unit.classes:
            table[:, column] = np.log(floored[:, list(unit.classes)].max(axis=1))
        else:
            table[:, column] = most if unit.shortest else pause
        outside = np.maximum(np.maximum(unit.start - tokens, tokens - unit.end + 1), 0)
        table[:, column] -= np.minimum(outside * unit.price, FAR)
    return table


class _Chains:
    """The states of units: of each the chain of those that it passes through."""

    def __init__(self, units: Sequence[Unit]) -> None:
        sizes = [max(unit.shortest, 1) for unit in units]
        self.owner: States = np.repeat(np.arange(len(units)), sizes)
        """Of which unit each state is, [S]."""
        self.tails: States = np.cumsum(sizes) - 1
        """The last state of each unit, [U]."""
        self.heads: States = self.tails - np.array(sizes) + 1
        self.optional = np.array([unit.shortest == 0 for unit in units])
        self.repeats = np.isin(np.arange(len(self.owner)), self.tails)
        self.skipped: States = np.full(len(self.owner), -1)
        """From which state each is reached past an optional unit, [S]; -1: from none."""
        self.skipped[self.heads[2:]] = np.where(self.optional[1:-1], self.tails[:-2], -1)

    def begin(self, emission: Floats, came: Place | None) -> NDArray[np.float64]:
        """Return the score of each state at the first token."""
        if came is None:
            return emission.astype(np.float64)
        total = np.full(len(self.owner), -np.inf)
        tail = int(self.tails[came.unit])
        now = min(int(self.heads[came.unit]) + came.run - 1, tail)
        allowed = [min(now + 1, tail)]
        if now == tail:
            allowed += [int(self.heads[unit]) for unit in self._following(came.unit)]
        total[allowed] = emission[allowed]
        return total

    def _following(self, unit: int) -> range:
        """Return the units that may come next: the next one, or the one past an optional one."""
        last = unit + 1
        if last < len(self.optional) - 1 and self.optional[last]:
            last += 1
        return range(unit + 1, min(last + 1, len(self.optional)))


def best_path(table: Floats, units: Sequence[Unit], came: Place | None) -> list[Place]:
    """Return where the best path is at each token.

    Args:
        table: the score of each unit at each token, [T, U].
        units: what is said, in order, no two optional ones in a row.
        came: where the path was before the first token; None if it may begin anywhere.
    """
    chains = _Chains(units)
    emission = table[:, chains.owner]
    total = chains.begin(emission[0], came)
    here = np.arange(len(total))
    back = np.zeros(emission.shape, np.int64)
    for token in range(1, len(emission)):
        ways = np.full((3, len(total)), -np.inf)
        ways[0, chains.repeats] = total[chains.repeats]
        ways[1, 1:] = total[:-1]
        ways[1, chains.heads] = np.where(chains.heads > 0, total[chains.heads - 1], -np.inf)
        ways[2] = np.where(chains.skipped >= 0, total[chains.skipped], -np.inf)
        best = ways.argmax(axis=0)
        back[token] = np.choose(best, (here, here - 1, chains.skipped))
        total = ways.max(axis=0) + emission[token]
    return _trace(back, int(total.argmax()), chains, came)


def _trace(back: States, state: int, chains: _Chains, came: Place | None) -> list[Place]:
    """Follow a path back from its last state, and count how long it is in each unit."""
    states = np.empty(len(back), np.int64)
    for token in range(len(back) - 1, -1, -1):
        states[token] = state
        state = int(back[token, state])
    places: list[Place] = []
    last = came
    for now in states.tolist():
        unit = int(chains.owner[now])
        stays = last is not None and last.unit == unit
        run = last.run + 1 if stays and last else now - int(chains.heads[unit]) + 1
        last = Place(unit, run)
        places.append(last)
    return places
