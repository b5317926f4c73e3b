"""Rows of speech to vectors: features by a linear layer, ids by tables whose rows are summed.

Id 0 is one like any other: no row is kept for padding, which masks leave out.
"""

from math import prod
from typing import Literal

import torch
from torch import Tensor, nn

from facewire.errors import ConfigError
from facewire_engines.cosyvoice.tokens import DIGITS, LEVELS, VOCABULARY
from facewire_training.speech_encoders.encoder import Representation

IdEmbedding = Literal["plain", "digits"]
"""A row for each id; or, for ids of finite scalar quantisation, a sum over its digits."""


class DigitEmbedding(nn.Module):
    """The sum of a row for each digit of an id and its value, mixed.

    So rare ids share what frequent ones have learned. The first digit is the lowest one, as in
    finite scalar quantisation (Mentzer et al. 2024): an id is the sum of digits times the product
    of the numbers of levels before.
    """

    powers: Tensor
    levels: Tensor
    offsets: Tensor

    def __init__(self, levels: tuple[int, ...], features: int) -> None:
        super().__init__()
        self.vocabulary = prod(levels)
        self.rows = nn.Embedding(sum(levels), 2 * features)
        self.mix = nn.Linear(2 * features, features)
        before = [(prod(levels[:place]), sum(levels[:place])) for place in range(len(levels))]
        powers, offsets = zip(*before, strict=True)
        self.register_buffer("powers", torch.tensor(powers), persistent=False)
        self.register_buffer("offsets", torch.tensor(offsets), persistent=False)
        self.register_buffer("levels", torch.tensor(levels), persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Map ids `[...]` to features `[..., F]`."""
        if ids.numel() <= self.vocabulary:
            return self.spoken(ids)
        # Embedding each id once is cheaper than each place of a large batch.
        return nn.functional.embedding(ids, self.table())

    def table(self) -> Tensor:
        """Return the features of every id, `[vocabulary, F]`."""
        return self.spoken(torch.arange(self.vocabulary, device=self.powers.device))

    def spoken(self, ids: Tensor) -> Tensor:
        """Map ids, each for itself."""
        places = torch.div(ids[..., None], self.powers, rounding_mode="floor") % self.levels
        summed = self.rows(places + self.offsets).sum(-2)
        features: Tensor = self.mix(nn.functional.silu(summed))
        return features


class RowEmbedding(nn.Module):
    """Rows of a representation to vectors of one width."""

    def __init__(
        self,
        representation: Representation,
        width: int,
        kind: IdEmbedding = "plain",
        levels: tuple[int, ...] = (),
    ) -> None:
        """Make it.

        Args:
            representation: whose rows.
            width: of the vectors.
            kind: of ids.
            levels: of the digits of an id, the lowest first; of S3's ids they are known.

        Raises:
            ConfigError: there are no such digits.
        """
        super().__init__()
        if not representation.is_ids:
            self.features = nn.Linear(representation.width, width)
            return
        if kind == "plain":
            made = [
                nn.Embedding(representation.vocabulary, width)
                for _ in range(representation.codebooks)
            ]
            self.tables = nn.ModuleList(made)
            return
        told = levels or fsq_levels(representation)
        if prod(told) != representation.vocabulary:
            raise ConfigError(
                f"{prod(told)} ids have digits of {', '.join(map(str, told))} levels, but "
                f"{representation.name} has {representation.vocabulary}; give its own levels"
            )
        self.tables = nn.ModuleList(
            DigitEmbedding(told, width) for _ in range(representation.codebooks)
        )

    def forward(self, rows: Tensor) -> Tensor:
        """Map `[B, N, width]` features, or `[B, N, codebooks]` ids, to `[B, N, D]`."""
        if hasattr(self, "features"):
            embedded: Tensor = self.features(rows)
            return embedded
        each = [table(rows[..., place]) for place, table in enumerate(self.tables)]
        return torch.stack(each).sum(0)


def fsq_levels(representation: Representation) -> tuple[int, ...]:
    """Return the levels of the digits of S3's ids.

    Raises:
        ConfigError: these are others.
    """
    if representation.vocabulary != VOCABULARY:
        raise ConfigError(
            f"nobody knows the digits of the ids of {representation.name}; "
            "give their levels, or embed ids as plain rows"
        )
    return (LEVELS,) * DIGITS
