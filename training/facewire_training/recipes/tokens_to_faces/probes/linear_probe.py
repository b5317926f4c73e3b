"""What a linear model reads out of rows, on streams that it was not fitted to.

The authors print each blendshape's R2 on the very rows that were fitted; that stands beside the
held-out one. Folds are whole streams: rows of one utterance are too much alike to be on both sides.
"""

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse

from facewire.errors import ConfigError
from facewire_training.evaluation.metrics.motion.whole_face import NEVER
from facewire_training.recipes.tokens_to_faces.probes.ridge import (
    Linear,
    Moments,
    discriminant,
    fit_sparse,
    moments,
    solved,
)

FOLDS = 5

Ids = NDArray[np.int64]
Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Explained:
    """R2 = 1 - squared error / squared deviation from the mean of all rows.

    Where no column moves it is nan, in a file null.
    """

    overall: float
    """Held out; errors and deviations summed over columns."""
    median: float
    """Held out; the median over the columns that move (by more than `NEVER`)."""
    training_overall: float
    """On the rows that were fitted."""
    training_median: float
    """The same: what the authors print."""
    columns: tuple[float | None, ...]
    """Held out, each; nan, in a file null, of those that do not move."""


def folds_of(streams: Ids, seed: int = 0) -> Ids:
    """Return a fold for each row, [N]: whole streams in random order, filled up evenly by rows.

    Raises:
        ConfigError: there is one stream, and nothing to hold out.
    """
    names, sizes = np.unique(streams, return_counts=True)
    if len(names) < 2:
        raise ConfigError("a held-out R2 needs two utterances or more; encode more of the shard")
    fold_of, full = np.zeros(len(names), np.int64), np.zeros(min(FOLDS, len(names)))
    order = np.random.default_rng(seed).permutation(len(names))
    for place in sorted(order, key=lambda place: -sizes[place]):
        fold_of[place] = fold = int(full.argmin())
        full[fold] += sizes[place]
    return np.asarray(fold_of[np.searchsorted(names, streams)])


def explained(design: Any, targets: Floats, folds: Ids) -> Explained:
    """Return how much of targets `[N, Q]` a ridge regression on a design `[N, P]` explains."""
    true = targets.astype(np.float64)
    held_out = np.zeros_like(true)
    models, whole = _regressions(design, true, folds)
    for rows, model in models:
        held_out[rows] = model(design[rows])
    everything = whole(design)
    moving = np.ptp(true, axis=0) > NEVER
    ours, theirs = (_r2(true, said, moving) for said in (held_out, everything))
    return Explained(ours[0], ours[1], theirs[0], theirs[1], ours[2])


def accuracy(design: NDArray[np.floating], classes: Ids, folds: Ids) -> float:
    """Return how often a linear discriminant finds the true class, held out.

    Args:
        design: dense, `[N, P]`.
        classes: [N], any whole numbers.
        folds: [N].
    """
    kinds, classes = np.unique(classes, return_inverse=True)
    shape = (len(classes), len(kinds))
    truth = csr_array((np.ones(len(classes)), (np.arange(len(classes)), classes)), shape=shape)
    places, parts = _sums(design, truth, folds)
    whole, right = reduce(add, parts), 0
    for rows, part in zip(places, parts, strict=True):
        model = discriminant(whole - part)
        for some in np.array_split(rows, 1 + len(rows) * len(kinds) // 10_000_000):
            right += int((model(design[some]).argmax(axis=1) == classes[some]).sum())
    return right / len(classes)


def commonest_share(classes: Ids) -> float:
    """Return the accuracy of always saying the commonest class."""
    return float(np.unique(classes, return_counts=True)[1].max() / len(classes))


def _regressions(
    design: Any, targets: NDArray[np.float64], folds: Ids
) -> tuple[list[tuple[Ids, Linear]], Linear]:
    """Return the rows of each fold with a model of all others, and the model of all rows."""
    if issparse(design):
        places = _places(folds)
        others = [np.flatnonzero(folds != folds[rows[0]]) for rows in places]
        models = [fit_sparse(design[rest], targets[rest]) for rest in others]
        return list(zip(places, models, strict=True)), fit_sparse(design, targets)
    places, parts = _sums(design, targets, folds)
    whole = reduce(add, parts)
    models = [solved(whole - part) for part in parts]
    return list(zip(places, models, strict=True)), solved(whole)


def _places(folds: Ids) -> list[Ids]:
    return [np.flatnonzero(folds == fold) for fold in np.unique(folds)]


def _sums(
    design: NDArray[np.floating], targets: Any, folds: Ids
) -> tuple[list[Ids], list[Moments]]:
    places = _places(folds)
    return places, [moments(design[rows], targets[rows]) for rows in places]


def _r2(
    true: NDArray[np.float64], said: NDArray[np.float64], moving: NDArray[np.bool_]
) -> tuple[float, float, tuple[float, ...]]:
    missed = ((said - true) ** 2).sum(axis=0)
    spread = ((true - true.mean(axis=0)) ** 2).sum(axis=0)
    if not moving.any():
        return float("nan"), float("nan"), (float("nan"),) * len(moving)
    each = np.where(moving, 1 - missed / np.where(moving, spread, 1.0), np.nan)
    overall = 1 - missed[moving].sum() / spread[moving].sum()
    return float(overall), float(np.nanmedian(each)), tuple(each.tolist())
