"""Encoded rows as what a linear model sees: features, or ones where an id is, with neighbours."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from facewire_training.recipes.tokens_to_faces.probes.aligned import AlignedRows

CONTEXTS = (0, 2)
"""How many rows on either side are seen, too."""

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]


def seen_rows(aligned: AlignedRows, chosen: Ids, context: int) -> list[Ids]:
    """Return the places of the rows that are seen with each chosen one; -1 where there is none."""
    before2, before1, after1, after2 = (beside[chosen] for beside in aligned.neighbours)
    return [before2, before1, chosen, after1, after2][2 - context : 3 + context]


def with_context(rows: Floats, seen: list[Ids]) -> Floats:
    """Return features beside those of their neighbours, `[N, D]` to `[M, D * seen]`."""
    padded = np.concatenate((rows, np.zeros((1, rows.shape[1]), rows.dtype)))
    return np.concatenate([padded[places] for places in seen], axis=1)


def one_hot(ids: Ids, seen: list[Ids]) -> Any:
    """Return a sparse float64 `[M, columns]`: 1 for each id of each codebook that is seen.

    Args:
        ids: `[N, codebooks]`.
        seen: as `seen_rows` says.
    """
    pieces, first = [], 0
    for places in seen:
        there = np.flatnonzero(places >= 0)
        for level in ids.T:
            columns = first + level[places[there]]
            pieces.append((there, columns))
            first += int(level.max()) + 1
    rows = np.concatenate([row for row, _ in pieces])
    columns = np.concatenate([column for _, column in pieces])
    return csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(seen[0]), first))
