"""The second stage: what the encoder says, to codes, one frame after the other.

A causal Transformer over the last second, with keys and values that go in and come out. It also
gets the codes that it said last, and whose way of moving is asked for. What it says of a frame's
codes are shares; the codes' mean by these shares goes to the first stage's decoder, and back in.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from facewire import arkit
from facewire_training.recipes.prior.autoencoder import Autoencoder
from facewire_training.recipes.prior.motion import NAMES
from facewire_training.speech_encoders.phone_rows import WIDTH
from facewire_training.streaming.face_decoder import FaceDecoderConfig, MemoryLayer

Said = Literal["codes", "weights"]
"""What is learned: codes of the first stage, or, to compare, the 52 weights at once."""
Chosen = Literal["mean", "best"]
"""What is made of shares: the codes' mean, or the likeliest code."""
Pasts = tuple[Tensor, Tensor, Tensor]
"""Of a stream: which rows are known `[B, memory]`, keys and values `[B, layers, memory, width]`."""


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """The size of the Transformer."""

    said: Said = "codes"
    width: int = 160
    layers: int = 2
    heads: int = 4
    memory: int = 33
    """Rows before its own that each step attends to: a second."""
    style: int = 8
    """Numbers of a style vector."""
    names: tuple[str, ...] = NAMES
    """Of the styles."""
    dropout: float = 0.1
    recalls: bool = True
    """Whether it gets the codes that it said last."""


class CodeDecoder(nn.Module):
    """Rows to shares of codes; or to weights."""

    def __init__(self, config: DecoderConfig, codes: Autoencoder) -> None:
        super().__init__()
        self.config, self.codes = config, codes.requires_grad_(False)
        width, said = config.width, codes.config
        sizes = FaceDecoderConfig(
            width=width, layers=config.layers, heads=config.heads, memory=config.memory,
            dropout=config.dropout,
        )  # fmt: skip
        self.rows = nn.Linear(WIDTH, width)
        self.recall = nn.Linear(said.latent, width, bias=False)
        self.styles = nn.Parameter(torch.randn(len(config.names), config.style) * 0.5)
        self.style_in = nn.Linear(config.style, width, bias=False)
        self.style_out = nn.Linear(config.style, width, bias=False)
        self.layers = nn.ModuleList(MemoryLayer(sizes) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.perceptron = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU())
        wide = said.groups * said.size if config.said == "codes" else arkit.COUNT
        self.head = nn.Linear(2 * width, wide)

    def past(self, batch: int) -> Pasts:
        """Return what so many new streams remember."""
        config, device = self.config, self.styles.device
        shape = (batch, config.layers, config.memory, config.width)
        known = torch.zeros(batch, config.memory, device=device)
        return known, torch.zeros(shape, device=device), torch.zeros(shape, device=device)

    def vector(self, shares: Tensor) -> Tensor:
        """Return the style vectors `[B, style]` of shares `[B, styles]`: means, as shares go."""
        return shares @ self.styles

    def forward(
        self, rows: Tensor, known: Tensor, recalled: Tensor, style: Tensor, pasts: Pasts
    ) -> tuple[Tensor, Pasts]:
        """Decode new rows.

        Args:
            rows: `[B, N, width]`, what the encoder says.
            known: `[B, N]`, 0 before the start of the stream.
            recalled: `[B, N, latent]`, for each row the codes of the one before it.
            style: `[B, style]` vectors.
            pasts: of the streams.

        Returns:
            Scores of codes `[B, N, groups, size]`, or weights `[B, N, 52]`; and the next pasts.
        """
        past_known, past_keys, past_values = pasts
        new = int(rows.shape[1])
        seen = torch.cat((past_known, known), dim=1)
        x = self.rows(rows) + self.style_in(style)[:, None]
        if self.config.recalls and self.config.said == "codes":
            x = x + self.recall(recalled)
        keys, values = [], []
        for number, layer in enumerate(self.layers):
            x, key, value = layer(x, seen, past_keys[:, number], past_values[:, number])
            keys.append(key)
            values.append(value)
        told = self.head(self.perceptron(self.norm(x + self.style_out(style)[:, None])))
        if self.config.said == "codes":
            told = told.reshape(-1, new, self.codes.config.groups, self.codes.config.size)
        return told, (seen[:, new:], torch.stack(keys, 1), torch.stack(values, 1))

    def latents(self, scores: Tensor, chosen: Chosen = "mean", heat: float = 1.0) -> Tensor:
        """Return what scores say, `[B, N, latent]`.

        With less `heat` the likelier codes count more.
        """
        if chosen == "best":
            return self.codes.codebook.vectors(scores.argmax(-1))
        return self.codes.codebook.expected((scores / heat).softmax(-1))


class CodeStep(nn.Module):
    """One row of a stream to a face: what engines run. Its state goes in and comes out."""

    def __init__(self, decoder: CodeDecoder, chosen: Chosen = "mean", heat: float = 1.0) -> None:
        super().__init__()
        self.decoder = decoder
        self.chosen: Chosen = chosen
        self.heat = heat

    def past(self, batch: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return what so many new streams remember."""
        said = self.decoder.codes.config
        latents = torch.zeros(batch, said.context, said.latent, device=self.decoder.styles.device)
        return *self.decoder.past(batch), latents

    def forward(
        self,
        rows: Tensor,
        known: Tensor,
        style: Tensor,
        past_known: Tensor,
        past_keys: Tensor,
        past_values: Tensor,
        past_latents: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Decode the next row.

        Args:
            rows: `[B, 1, width]`.
            known: `[B, 1]`, 0 before the start of the stream.
            style: `[B, styles]`, the share of each.
            past_known: `[B, memory]`.
            past_keys: `[B, layers, memory, width]`.
            past_values: the same.
            past_latents: `[B, context, latent]`, the codes of the frames before.

        Returns:
            The face `[B, 1, 52]` in [0, 1], and the next pasts.
        """
        decoder = self.decoder
        pasts = (past_known, past_keys, past_values)
        recalled = past_latents[:, decoder.codes.config.context - 1 :]
        scores, following = decoder(rows, known, recalled, decoder.vector(style), pasts)
        if decoder.config.said == "weights":
            faces, latents = scores, past_latents
        else:
            said = decoder.latents(scores, self.chosen, self.heat) * known[..., None]
            latents = torch.cat((past_latents, said), dim=1)
            faces = decoder.codes.decoder(latents)
            latents = latents[:, 1:]
        return faces.clamp(0.0, 1.0) * known[..., None], *following, latents


class FaceBetweenRows(nn.Module):
    """The face at any moment: on the line between the two rows beside it.

    After the newest row its face stands.
    """

    def forward(self, memory: Tensor, ages: Tensor, known: Tensor) -> Tensor:
        """Map faces of rows to the face of a frame.

        Args:
            memory: `[B, reach, 52]` faces, the newest last.
            ages: `[B, reach]`, how long before the frame the middle of each row is, in periods of
                rows; negative after it.
            known: `[B, reach]`, 0 before the start of the stream.

        Returns:
            `[B, 52]`; zeros before the first row.
        """
        # Where the newest row is past, the frame is at that row.
        shift = ages[:, int(ages.shape[1]) - 1 :].clamp(min=0.0)
        shares = (1.0 - (ages - shift).abs()).clamp(min=0.0) * known
        shares = shares / shares.sum(1, keepdim=True).clamp(min=1e-6)
        weights: Tensor = (shares[:, None] @ memory)[:, 0]
        return weights
