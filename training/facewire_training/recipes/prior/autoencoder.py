"""The first stage: faces to codes and back, frame for frame, with the past as context.

As in CodeTalker (Xing et al. 2023) a frame has several codes and time is not thinned out. Unlike
there, both sides are causal convolutions: whoever decodes the codes of a stream has no future.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from facewire import arkit
from facewire_training.recipes.prior.codebook import Codebook

COMMITMENT = 0.25
"""Of the distance to the codes, in the encoder's loss; as in both papers."""


@dataclass(frozen=True, slots=True)
class AutoencoderConfig:
    """The size of both sides and of the codebook."""

    groups: int = 4
    """Codes of a frame."""
    size: int = 64
    """Codes in the codebook of a group."""
    code: int = 8
    """Numbers of a code."""
    width: int = 96
    kernel: int = 3
    dilations: tuple[int, ...] = (1, 2)
    """Of the convolutions, each a layer; what a frame knows of the past is their sum."""

    @property
    def latent(self) -> int:
        """Numbers of a frame's codes."""
        return self.groups * self.code

    @property
    def context(self) -> int:
        """Frames before its own that a frame is decoded from."""
        return (self.kernel - 1) * sum(self.dilations)


class CausalStack(nn.Module):
    """Dilated causal convolutions with residuals, over a sequence that comes with its past."""

    def __init__(self, inputs: int, outputs: int, config: AutoencoderConfig) -> None:
        super().__init__()
        self.into = nn.Linear(inputs, config.width)
        self.layers = nn.ModuleList(
            nn.Conv1d(config.width, config.width, config.kernel, dilation=dilation)
            for dilation in config.dilations
        )
        self.mixes = nn.ModuleList(nn.Linear(config.width, config.width) for _ in config.dilations)
        self.norm = nn.LayerNorm(config.width)
        self.out = nn.Linear(config.width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map `[B, context + N, inputs]` to `[B, N, outputs]`."""
        x = self.into(x)
        for layer, mix in zip(self.layers, self.mixes, strict=True):
            seen = functional.gelu(layer(x.transpose(1, 2))).transpose(1, 2)
            x = x[:, int(x.shape[1]) - int(seen.shape[1]) :] + mix(seen)
        told: Tensor = self.out(self.norm(x))
        return told


class Autoencoder(nn.Module):
    """Faces to codes and back."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = CausalStack(arkit.COUNT, config.latent, config)
        self.codebook = Codebook(config.groups, config.size, config.code)
        self.decoder = CausalStack(config.latent, arkit.COUNT, config)

    def latents(self, faces: Tensor) -> Tensor:
        """Map faces `[B, N, 52]` to what is quantised, `[B, N, latent]`; before them was none."""
        told: Tensor = self.encoder(self._after_nothing(faces))
        return told

    def ids(self, faces: Tensor) -> Tensor:
        """Return the codes `[B, N, groups]` of faces."""
        return self.codebook.nearest(self.latents(faces))

    def faces(self, latents: Tensor) -> Tensor:
        """Map quantised latents `[B, N, latent]` to faces that may leave [0, 1]."""
        told: Tensor = self.decoder(self._after_nothing(latents))
        return told

    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the faces again, their ids, and the distance to the codes."""
        quantised, ids, away = self.codebook(self.latents(faces))
        return self.faces(quantised), ids, away

    def _after_nothing(self, x: Tensor) -> Tensor:
        """Put zeros before a sequence, as at the beginning of a stream."""
        return torch.cat((x.new_zeros(x.shape[0], self.config.context, x.shape[2]), x), dim=1)
