"""A decoder of CosyVoice's ids: a window around a frame, to 52 weights and how surely one speaks.

Ids are embedded in one of two ways. *Plain* gives each of the 6561 a row of its own. *Digits* adds
eight of 24 rows, one for each digit of the id and its value, so that rare ids share what frequent
ones have learned.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import pi
from typing import Literal

import torch
from torch import Tensor, nn

from facewire import arkit
from facewire_engines.cosyvoice.decoder import PLACES, REST
from facewire_engines.cosyvoice.tokens import DIGITS, LEVELS, VOCABULARY
from facewire_training.recipes.tokens_to_faces.decoders.embedding import DigitEmbedding

Embedding = Literal["plain", "digits"]


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """The size of a decoder."""

    embedding: Embedding = "digits"
    features: int = 48
    """Of each place of the window."""
    width: int = 256
    """Of the hidden layers."""
    layers: int = 2


class PlainEmbedding(nn.Module):
    """A row for each id, and one for rest."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.rows = nn.Embedding(VOCABULARY + 1, features)

    def forward(self, ids: Tensor) -> Tensor:
        """Map ids `[B, P]` to features `[B, P, F]`."""
        features: Tensor = self.rows(ids)
        return features


class RestingDigitEmbedding(DigitEmbedding):
    """The sum of eight of 24 rows, mixed; and a row for rest."""

    def __init__(self, features: int) -> None:
        super().__init__((LEVELS,) * DIGITS, features)
        self.rest = nn.Parameter(torch.zeros(features))

    def forward(self, ids: Tensor) -> Tensor:
        """Map ids `[B, P]` to features `[B, P, F]`."""
        if self.training:
            # A batch holds more ids than there are: embedding each once is four times as fast.
            return nn.functional.embedding(ids, torch.cat((self.table(), self.rest[None])))
        return torch.where((ids == REST)[..., None], self.rest, self.spoken(ids))


class Network(nn.Module):
    """A perceptron over the window, read at the frame's own phase."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        kind = PlainEmbedding if config.embedding == "plain" else RestingDigitEmbedding
        self.embed = kind(config.features)
        entry = (PLACES - 1) * (config.features + 1) + 3
        widths = [entry] + [config.width] * config.layers
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.out = nn.Linear(config.width, arkit.COUNT + 1)

    def raw(self, tokens: Tensor, known: Tensor, phase: Tensor) -> tuple[Tensor, Tensor]:
        """Map windows to weights that may leave [0, 1], and the logit of speech."""
        marked = torch.cat((self.embed(tokens) * known[..., None], known[..., None]), dim=-1)
        share = phase[:, None, None]
        places = marked[:, :-1] * (1 - share) + marked[:, 1:] * share
        turn = 2 * pi * phase
        when = torch.stack((phase, turn.sin(), turn.cos()), dim=-1)
        x = torch.cat((places.flatten(-2), when), dim=-1)
        for layer in self.hidden:
            x = nn.functional.silu(layer(x))
        said: Tensor = self.out(x)
        return said[..., :-1], said[..., -1]

    def forward(self, tokens: Tensor, known: Tensor, phase: Tensor) -> tuple[Tensor, Tensor]:
        """Map windows of ids to faces.

        Args:
            tokens: `[B, 16]` ids, int64, from seven tokens before the frame's own to eight after;
                `REST` where there is no speech.
            known: `[B, 16]`, 1 where the ids are known.
            phase: `[B]` in [0, 1), how far into its token the frame lies.

        Returns:
            `[B, 52]` weights in [0, 1], by `facewire.arkit.NAMES`, and `[B]`, how surely somebody
            speaks.
        """
        weights, speech = self.raw(tokens, known, phase)
        return weights.clamp(0.0, 1.0), speech.sigmoid()
