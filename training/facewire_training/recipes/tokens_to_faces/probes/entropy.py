"""How much a token tells of a class: conditional entropy and mutual information, in bits.

`by_token` is what "From Tokens to Faces" (Correa et al. 2026) prints: the entropy of the classes
within each token that was heard at least 20 times, every such token counting the same, as a share
of log2 K. Tokens that are often used count no more than others, and rare ones not at all; so the
weighted entropy stands beside it, corrected for small counts as of Miller (1955, "Note on the bias
of information estimates"), known as Miller-Madow's: each entropy has (cells that occur - 1) / 2 N
nats more than its plug-in estimate.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST = 20
"""How often a token is heard that counts by itself."""
_SHUFFLES = 3

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Told:
    """What tokens tell of classes."""

    by_token: float | None
    """The published measure, 0 to 1; nan, in a file null, if no token was heard often enough."""
    class_bits: float
    """H(class), plug-in."""
    bits: float
    """H(class | token), plug-in: too small where tokens are rare."""
    corrected_bits: float
    """The same, by Miller-Madow; with tokens that occur once or twice still too small."""
    mutual_bits: float
    """I(class; token), plug-in: too large where tokens are rare."""
    corrected_mutual_bits: float
    """The same, by Miller-Madow."""
    chance_bits: float
    """I(class; token), plug-in, of classes in random order: all of that is bias."""
    purity: float
    """The share of rows whose class is the commonest one of their token (of HuBERT, Hsu et al.
    2021: phone purity)."""
    tokens: int
    """How many different ones were heard."""
    tokens_counted: int
    """How many of them went into `by_token`."""


def told(tokens: Ids, classes: Ids, seed: int = 0) -> Told:
    """Return what tokens tell of the classes of the same rows.

    Args:
        tokens: [N], any whole numbers.
        classes: [N], the same.
        seed: of the random order.
    """
    table = contingency(tokens, classes)
    rng = np.random.default_rng(seed)
    by_chance = [_mutual(contingency(tokens, rng.permutation(classes))) for _ in range(_SHUFFLES)]
    count = table.sum()
    cells, heard, kinds = (int((part > 0).sum()) for part in _margins(table))
    both, token, kind = (_bits(part) for part in _margins(table))
    unit = 1 / float(2 * count * np.log(2))
    return Told(
        by_token=entropy_by_token(table),
        class_bits=kind,
        bits=both - token,
        corrected_bits=both - token + (cells - heard) * unit,
        mutual_bits=kind + token - both,
        corrected_mutual_bits=kind + token - both + (kinds - 1 - cells + heard) * unit,
        chance_bits=float(np.mean(by_chance)),
        purity=float(table.max(axis=1).sum() / count),
        tokens=heard,
        tokens_counted=int((table.sum(axis=1) >= LEAST).sum()),
    )


def contingency(tokens: Ids, classes: Ids) -> Ids:
    """Return how often each token meets each class, `[T, K]`, of those that occur."""
    _, rows = np.unique(tokens, return_inverse=True)
    kinds, columns = np.unique(classes, return_inverse=True)
    cells = np.bincount(rows * len(kinds) + columns, minlength=(rows.max() + 1) * len(kinds))
    return cells.reshape(-1, len(kinds)).astype(np.int64)


def entropy_by_token(table: Ids, least: int = LEAST) -> float:
    """Return the mean of the entropies within tokens, as a share of log2 K (see above)."""
    often = table[table.sum(axis=1) >= least]
    if not len(often) or table.shape[1] < 2:
        return float("nan")
    within = [_bits(row) for row in often]
    return float(np.mean(within) / np.log2(table.shape[1]))


def joint_ids(levels: Ids) -> Ids:
    """Return one number for each different row of ids, `[N, codebooks]` to [N]."""
    return np.asarray(np.unique(levels, axis=0, return_inverse=True)[1].reshape(-1), np.int64)


def _margins(table: Ids) -> tuple[Ids, Ids, Ids]:
    return table.ravel(), table.sum(axis=1), table.sum(axis=0)


def _mutual(table: Ids) -> float:
    both, token, kind = (_bits(part) for part in _margins(table))
    return kind + token - both


def _bits(counts: NDArray[np.int64]) -> float:
    """Return the plug-in entropy of counts."""
    some = counts[counts > 0].astype(np.float64)
    share = some / some.sum()
    return float(-(share * np.log2(share)).sum())
