"""The Transformer of From Tokens to Faces (Correa et al. 2026), from its description.

Memory is the speech itself, embedded, at its own rate; there is no encoder. Queries are nothing but
positions at the frame rate. No mask says which row belongs to which frame: that is learned.
Features, unlike ids, are interpolated to the frame rate first.
"""

from dataclasses import dataclass, field
from math import log
from typing import Literal

import torch
from torch import Tensor, nn

from facewire import arkit
from facewire_training.recipes.tokens_to_faces.decoders.decoder import FaceBatch, Speech
from facewire_training.recipes.tokens_to_faces.decoders.embedding import IdEmbedding, RowEmbedding
from facewire_training.recipes.tokens_to_faces.decoders.losses import MotionLoss
from facewire_training.recipes.tokens_to_faces.decoders.setting import (
    Setting,
    in_windows,
    to_frames,
    within,
)

ALIGNED, SAID = 3.0, 0.3
"""At an aligned start, by how much queries and keys are their positions, and what is said against
positions."""


@dataclass(frozen=True, slots=True)
class TransformerConfig:
    """The size of the network; the paper's unless said otherwise."""

    width: int = 512
    layers: int = 6
    heads: int = 8
    feed_forward: int = 2048
    head: int = 2048
    """Hidden units between the last layer and the weights."""
    dropout: float = 0.1
    ids: IdEmbedding = "plain"
    levels: tuple[int, ...] = ()
    """Of the digits of ids; those of S3 need not be said."""
    positions: Literal["index", "time"] = "index"
    """Rows are counted as they come, as in the paper; or in frames, so that a frame and the rows of
    its time have the same position."""
    start: Literal["random", "aligned"] = "random"
    """Attention to rows begins random, as in the paper; or so that equal positions attend to each
    other, which thousands of steps would have to find out first."""
    norm: Literal["after", "before"] = "after"
    """Where a layer's norm stands: after what it adds, as in the paper, or before."""
    first_face: Literal["random", "rest"] = "random"
    """What an untrained network says. From faces at random L1 goes the short way, to the median
    face whatever is said, and may stay there; from a face at rest it has nowhere to fall."""
    loss: MotionLoss = field(default_factory=MotionLoss)


class Transformer(nn.Module):
    """A `FaceDecoder`."""

    def __init__(self, config: TransformerConfig, setting: Setting) -> None:
        super().__init__()
        self.config, self.setting = config, setting
        width = config.width
        self.embed = RowEmbedding(setting.representation, width, config.ids, config.levels)
        self.dropout = nn.Dropout(config.dropout)
        # Each layer has to be made for itself: nn.TransformerDecoder would copy one's weights.
        self.layers = nn.ModuleList(
            nn.TransformerDecoderLayer(
                width,
                config.heads,
                config.feed_forward,
                config.dropout,
                batch_first=True,
                norm_first=config.norm == "before",
            )
            for _ in range(config.layers)
        )
        if config.start == "aligned":
            self._align()
        # What norms before leave to grow is brought back once more.
        self.norm = nn.LayerNorm(width) if config.norm == "before" else nn.Identity()
        self.head = nn.Sequential(
            nn.Linear(width, config.head),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.head, arkit.COUNT),
        )
        if config.first_face == "rest":
            for weight in self.head[-1].parameters():
                nn.init.zeros_(weight)

    @torch.no_grad()
    def _align(self) -> None:
        """Let queries and keys be positions, a part of each frequency in every head.

        What is said weighs little in keys, and so much more in values.
        """
        width, heads = self.config.width, self.config.heads
        for weight in self.embed.parameters():
            weight.mul_(SAID * width**-0.5)
        spread = torch.eye(width).reshape(width // 2 // heads, heads, 2, width)
        chosen = ALIGNED * spread.transpose(0, 1).reshape(width, width)
        for layer in self.layers:
            attention = layer.multihead_attn
            assert isinstance(attention, nn.MultiheadAttention)
            queries, keys, values = attention.in_proj_weight.chunk(3)
            queries.mul_(0.1).add_(chosen)
            keys.mul_(0.1).add_(chosen)
            values.div_(SAID)

    def losses(self, batch: FaceBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return the parts of the loss; the generator is for decoders that draw."""
        said = self(batch.speech, batch.lengths, batch.faces.shape[1])
        return self.config.loss(said, batch.faces, batch.trust)

    def faces(self, speech: Speech, frames: int, generator: torch.Generator) -> Tensor:
        """Return `[B, frames, 52]` weights that may leave [0, 1]."""

        def window(piece: Speech, count: int) -> Tensor:
            told: Tensor = self(piece, self.setting.frames_of(piece.lengths), count)
            return told.float()

        return in_windows(window, speech, frames, self.setting)

    def forward(self, speech: Speech, lengths: Tensor, frames: int) -> Tensor:
        """Map windows to faces `[B, frames, 52]`; `lengths` `[B]` says how many frames each has."""
        rows = self.embed(speech.rows)
        known = speech.lengths
        if not self.setting.representation.is_ids:
            rows = to_frames(rows, known, lengths, frames)
            known = lengths
        width = self.config.width
        places = positions(self._row_positions(rows), width)
        memory = self.dropout(rows * width**0.5 + places)
        queries = torch.arange(frames, device=rows.device)
        faces = self.dropout(positions(queries, width).expand(len(rows), -1, -1))
        no_row = ~within(known, rows.shape[1])
        no_frame = ~within(lengths, frames)
        for layer in self.layers:
            faces = layer(
                faces, memory, tgt_key_padding_mask=no_frame, memory_key_padding_mask=no_row
            )
        weights: Tensor = self.head(self.norm(faces))
        return weights

    def _row_positions(self, rows: Tensor) -> Tensor:
        places = torch.arange(rows.shape[1], device=rows.device)
        representation = self.setting.representation
        if self.config.positions == "index" or not representation.is_ids:
            return places
        frames = self.setting.frame_rate / representation.rate
        return (places + float(representation.middle)) * float(frames)


def positions(places: Tensor, width: int) -> Tensor:
    """Return sines and cosines `[N, width]` of places `[N]` (Vaswani et al. 2017, section 3.5)."""
    steps = torch.arange(0, width, 2, device=places.device, dtype=torch.float32)
    angles = places.float()[:, None] * torch.exp(steps * (-log(10_000) / width))
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)[:, :width]
