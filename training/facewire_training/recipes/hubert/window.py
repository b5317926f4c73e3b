"""HuBERT's Transformer over a window of features: context, what is new, and right context.

Every layer attends to the whole window, both ways, and the convolution that tells positions apart
(128 features wide in HuBERT-base) sees zeros outside it. So a feature's place in the window changes
its value; by how much is what `edge_error` measures.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from facewire_training.streaming.face_decoder import UNKNOWN


class WindowedHubert(nn.Module):
    """Everything of a `transformers.HubertModel` after its convolutions."""

    def __init__(self, model: Any, layers: int | None = None) -> None:
        """Take the projection and the Transformer of a model.

        Args:
            model: the HuBERT, which this changes: its weight norm is resolved.
            layers: how many layers to keep; all of them if None.
        """
        super().__init__()
        self.projection = model.feature_projection
        self.positions = model.encoder.pos_conv_embed
        if parametrize.is_parametrized(self.positions.conv, "weight"):
            parametrize.remove_parametrizations(self.positions.conv, "weight")
        self.layer_norm = model.encoder.layer_norm
        self.layers = model.encoder.layers[:layers]
        self.norm_first = bool(model.config.do_stable_layer_norm)

    def hidden(self, features: Tensor, known: Tensor) -> list[Tensor]:
        """Return what goes into the first layer, and what comes out of each.

        Args:
            features: `[B, W, C]`, the newest last.
            known: `[B, W]`, 1 where there is a feature, 0 before the start of the stream.

        Returns:
            `[B, W, D]` each.
        """
        x = self.projection(features) * known[..., None]
        x = x + self.positions(x)
        if not self.norm_first:
            x = self.layer_norm(x)
        bias = ((1 - known) * UNKNOWN)[:, None, None, :]
        hidden = [x]
        for layer in self.layers:
            hidden.append(layer(hidden[-1], attention_mask=bias))
        if self.norm_first:
            hidden[-1] = self.layer_norm(hidden[-1])
        return hidden


class StreamedHubert(nn.Module):
    """The Transformer as a step of a stream: the window is in the pasts."""

    def __init__(self, hubert: WindowedHubert, window: int, rows: int) -> None:
        """Take the Transformer, the features of a window, and how many of the newest to return."""
        super().__init__()
        self.hubert = hubert
        self.window, self.rows = window, rows
        self.channels = hubert.projection.projection.in_features

    def past(self, batch: int, new: int) -> tuple[Tensor, Tensor]:
        """Return what a stream remembers before its first step, if each has `new` features."""
        kept = self.window - new
        return torch.zeros(batch, kept, self.channels), torch.zeros(batch, kept)

    def forward(
        self, features: Tensor, past_features: Tensor, past_known: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Map new features to what the newest rows of the window are in context.

        Args:
            features: `[B, N, C]`.
            past_features: `[B, W - N, C]`, those before.
            past_known: `[B, W - N]`, 1 where there is one.

        Returns:
            `[B, rows, D]`, and the next pasts.
        """
        new = int(features.shape[1])
        features = torch.cat((past_features, features), dim=1)
        # Ones for every row of the batch, without asking how many rows it has.
        known = torch.cat((past_known, past_known[:, :1] * 0 + torch.ones(new)), dim=1)
        last = self.hubert.hidden(features, known)[-1]
        return last[:, self.window - self.rows :], features[:, new:], known[:, new:]


def all_known(features: Tensor) -> Tensor:
    """Return the `known` of a window that is full."""
    return torch.ones(features.shape[:2])
