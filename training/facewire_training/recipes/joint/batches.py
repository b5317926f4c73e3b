"""Crops of the speech of a voice, as a stream has it: sentences one behind the other, or rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facewire_engines.latents.session import BESIDE, GROUP, ROWS
from facewire_engines.phones.geometry import SILENCE
from facewire_engines.phones.phone_set import PHONES
from facewire_training.recipes.joint.sentences import Sentences

REST = 20
"""Groups of silence between some sentences: a second."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """B crops of N groups."""

    latents: Tensor
    """`[B, 10 + 4 N + 10, C]`"""
    heard: Tensor
    """`[B, 5 N, 41]`"""
    curves: Tensor
    """`[B, 5 N, 52]`"""
    known: Tensor
    """`[B, 5 N, 52]`, 1 where the curves are known."""


class Batches:
    """Draws them; the same seed and step give the same batch."""

    def __init__(
        self, sources: Sequence[Sentences], *, batch: int = 24, groups: int = 30, seed: int = 0
    ) -> None:
        """Get ready.

        Args:
            sources: each is drawn from as often as the others.
            batch: crops in a batch.
            groups: of 50 ms, in a crop.
            seed: of the draws.
        """
        self._sources = [_Joined(source, np.random.default_rng((seed, 0))) for source in sources]
        self._batch, self._groups, self._seed = batch, groups, seed

    def draw(self, step: int) -> Batch:
        """Return a batch."""
        rng = np.random.default_rng((self._seed, 1, step))
        crops = []
        for place in range(self._batch):
            source = self._sources[place % len(self._sources)]
            crops.append(source.crop(int(rng.integers(source.groups - self._groups)), self._groups))
        return Batch(*(torch.from_numpy(np.stack(column)) for column in zip(*crops, strict=True)))


class _Joined:
    """Sentences in any order, with rest between some of them, as arrays."""

    def __init__(self, source: Sentences, rng: np.random.Generator) -> None:
        width = source.latents.shape[1]
        quiet = np.zeros((REST * ROWS, len(PHONES) + 1), np.float16)
        quiet[:, SILENCE] = 1.0
        rest = (
            np.zeros((REST * GROUP, width), np.float16),
            quiet,
            np.zeros((REST * ROWS, source.curves.shape[1]), np.float16),
            np.ones((REST * ROWS, source.curves.shape[1]), np.bool_),
        )
        parts: list[tuple[NDArray[Any], ...]] = [rest]
        for index in rng.permutation(len(source)):
            parts.append(_sentence(source, int(index)))
            if rng.random() < 0.3:
                parts.append(rest)
        self._arrays = [np.concatenate(column) for column in zip(*parts, rest, strict=True)]
        self.groups = len(self._arrays[0]) // GROUP - 2 * REST
        """At which crops may begin."""

    def crop(self, first: int, groups: int) -> tuple[NDArray[np.float32], ...]:
        """Return the arrays of a `Batch`, of one crop."""
        latents, *others = self._arrays
        first += REST // 2
        begin = first * GROUP - BESIDE
        window = latents[begin : begin + groups * GROUP + 2 * BESIDE]
        rows = slice(first * ROWS, (first + groups) * ROWS)
        return tuple(a.astype(np.float32) for a in (window, *(other[rows] for other in others)))


def _sentence(source: Sentences, index: int) -> tuple[NDArray[Any], ...]:
    first, end = (int(group) for group in source.starts[index : index + 2])
    rows = slice(first * ROWS, end * ROWS)
    return (
        source.latents[first * GROUP : end * GROUP],
        source.heard[rows],
        source.curves[rows],
        source.known[rows],
    )
