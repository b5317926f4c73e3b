"""Classes of what has none: k-means (Lloyd 1982) of faces and of continuous features."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2, vq

FACE_CLASSES = 32
FACE_STARTS = 10
PSEUDO_TOKENS = 512
SEED = 42
FITTED_ROWS = 20_000
"""How many rows are fitted to, drawn at random, where there are more."""
_ROUNDS = 25
_STILL = 1e-3
"""A weight that deviates by less is not scaled up: its noise is no movement."""

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Centres, and what is taken off and divided by before a row is compared with them."""

    mean: Floats
    """[D]."""
    scale: Floats
    """[D]."""
    centres: Floats
    """[K, D]."""

    def of(self, rows: Floats) -> NDArray[np.int64]:
        """Return the nearest centre of each row, `[N, D]` to [N]."""
        return np.asarray(vq(self._scaled(rows), self.centres)[0], np.int64)

    def _scaled(self, rows: Floats) -> Floats:
        return np.asarray((rows - self.mean) / self.scale, self.centres.dtype)


def face_classes(faces: Floats, count: int = FACE_CLASSES, seed: int = SEED) -> Clusters:
    """Return the paper's viseme classes: 32 of standardised faces, the best of ten starts."""
    mean, scale = faces.mean(axis=0), faces.std(axis=0)
    scale = np.where(scale < _STILL, 1.0, scale)
    return _fit(faces, mean, scale, count, FACE_STARTS, seed)


def pseudo_tokens(features: Floats, count: int = PSEUDO_TOKENS, seed: int = SEED) -> Clusters:
    """Return what stands for the ids of an encoder that has none: 512 classes of its rows."""
    width = features.shape[1]
    return _fit(features, np.zeros(width), np.ones(width), count, 1, seed)


def _fit(rows: Floats, mean: Floats, scale: Floats, count: int, starts: int, seed: int) -> Clusters:
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(rows))[:FITTED_ROWS]
    scaled = np.ascontiguousarray((rows[chosen] - mean) / scale, dtype=np.float32)
    different = np.unique(scaled, axis=0)
    best, least = different[:count], np.inf
    if len(different) > count:
        for _ in range(starts):
            first = different[rng.choice(len(different), count, replace=False)]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # a class may become empty
                centres, _ = kmeans2(scaled, first, iter=_ROUNDS, minit="matrix")
            loss = float((vq(scaled, centres)[1].astype(np.float64) ** 2).sum())
            if loss < least:
                best, least = centres, loss
    return Clusters(mean.astype(np.float32), scale.astype(np.float32), best)
