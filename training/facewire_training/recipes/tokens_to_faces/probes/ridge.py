"""Ridge regression with a free offset, for dense rows and for ids as ones in a sparse matrix.

It minimises the squared error plus `ALPHA` times the squared weights (Hoerl & Kennard 1970), as
scikit-learn's `Ridge(alpha=1)` does. Classes are told by the linear discriminant,
from the same sums.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve
from scipy.sparse import issparse

ALPHA = 1.0
_BLOCK = 4096
_ROUNDS = 300
_EXACT = 1e-5
"""Residual, against the first one, at which the iteration ends."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """A fitted model."""

    weights: Array
    """[P, Q]."""
    offset: Array
    """[Q]."""

    def __call__(self, design: Any) -> Array:
        """Return predictions, `[N, P]` (dense or sparse) to `[N, Q]`."""
        return np.asarray(design @ self.weights + self.offset)


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Sums over rows of dense `x` [P] and `y` [Q]: those of parts add up to those of the whole."""

    rows: int
    x: Array
    y: Array
    xx: Array
    xy: Array

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(
            self.rows + other.rows,
            self.x + other.x,
            self.y + other.y,
            self.xx + other.xx,
            self.xy + other.xy,
        )

    def __sub__(self, other: "Moments") -> "Moments":
        return Moments(
            self.rows - other.rows,
            self.x - other.x,
            self.y - other.y,
            self.xx - other.xx,
            self.xy - other.xy,
        )


def moments(design: NDArray[np.floating], targets: Any) -> Moments:
    """Return the sums of rows `[N, P]` and targets `[N, Q]`, the latter dense or sparse."""
    width = design.shape[1]
    xx, xy = np.zeros((width, width)), np.zeros((width, targets.shape[1]))
    for first in range(0, len(design), _BLOCK):
        x = design[first : first + _BLOCK].astype(np.float64)
        xx += x.T @ x
        xy += np.asarray((targets[first : first + _BLOCK].T @ x).T)
    x_sum = design.sum(axis=0, dtype=np.float64)
    return Moments(len(design), x_sum, np.asarray(targets.sum(axis=0), np.float64), xx, xy)


def solved(sums: Moments, alpha: float = ALPHA) -> Linear:
    """Return the model that fits the rows of sums."""
    x, y = sums.x / sums.rows, sums.y / sums.rows
    square = sums.xx - sums.rows * np.outer(x, x) + alpha * np.eye(len(x))
    weights = solve(square, sums.xy - sums.rows * np.outer(x, y), assume_a="pos")
    return Linear(weights, y - x @ weights)


def discriminant(sums: Moments, alpha: float = ALPHA) -> Linear:
    """Return the linear discriminant (Fisher 1936) of classes, whose largest output is likeliest.

    Classes are normal with one covariance. Regressions to ones and noughts would never choose a
    class that lies between others (Hastie et al. 2009, 4.2).

    Args:
        sums: `y` are ones where a row is of a class.
        alpha: added to the diagonal of the scatter within classes.
    """
    counts = np.maximum(sums.y, 1.0)
    centres = sums.xy / counts
    within = sums.xx - (centres * sums.y) @ centres.T + alpha * np.eye(len(sums.x))
    weights = solve(within / sums.rows, centres, assume_a="pos")
    prior = np.log(np.maximum(sums.y, 1e-9) / sums.rows)
    return Linear(weights, prior - (centres * weights).sum(axis=0) / 2)


def fit_sparse(design: Any, targets: Array, alpha: float = ALPHA) -> Linear:
    """Return the model that fits sparse rows, by conjugate gradients for all targets at once.

    The matrix of the normal equations, which may be too large to keep, is never formed; they are
    scaled by its diagonal.
    """
    count = design.shape[0]
    x, y = np.asarray(design.sum(axis=0)).ravel() / count, targets.mean(axis=0)
    squares = design.multiply(design) if issparse(design) else design**2
    diagonal = (np.asarray(squares.sum(axis=0)).ravel() - count * x**2 + alpha)[:, None]

    def times(weights: Array) -> Array:
        return np.asarray(
            design.T @ (design @ weights) - count * np.outer(x, x @ weights) + alpha * weights
        )

    rest = np.asarray(design.T @ (targets - y))
    weights = np.zeros_like(rest)
    ready = rest / diagonal
    step, energy = ready.copy(), (rest * ready).sum(axis=0)
    enough = _EXACT**2 * energy
    for _ in range(_ROUNDS):
        if (energy <= enough).all():
            break
        moved = times(step)
        along = (step * moved).sum(axis=0)
        size = np.divide(energy, along, out=np.zeros_like(along), where=along > 0)
        weights += size * step
        rest -= size * moved
        ready = rest / diagonal
        before, energy = energy, (rest * ready).sum(axis=0)
        step = ready + np.divide(energy, before, out=np.zeros_like(energy), where=before > 0) * step
    return Linear(weights, y - x @ weights)
