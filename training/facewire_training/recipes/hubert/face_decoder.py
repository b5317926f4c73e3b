"""The face of HuBERT's features: a causal Transformer over the last second, asked at any moment.

Two networks. The memory steps at the rate of features, 50 Hz: causal self-attention over a window,
with a penalty that grows with distance instead of positions (ALiBi, Press et al. 2022), so a stream
may be of any length; its past keys and values go in and come out. The query reads the memory at the
moment of a frame: it knows how long ago each remembered feature was, to the sample, so every frame
rate has exact times and the same face at the same moment.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facewire import arkit
from facewire_training.recipes.hubert.window import UNKNOWN


@dataclass(frozen=True, slots=True)
class FaceDecoderConfig:
    """The size of a decoder."""

    features: int = 768
    """Width of the encoder's output."""
    width: int = 192
    layers: int = 3
    heads: int = 4
    memory: int = 50
    """Features before its own that each step attends to."""
    reach: int = 16
    """Features that a frame reads."""


class MemoryLayer(nn.Module):
    """Causal windowed self-attention and a perceptron, both after a layer norm."""

    def __init__(self, config: FaceDecoderConfig) -> None:
        super().__init__()
        self.heads, self.memory = config.heads, config.memory
        self.attention_norm = nn.LayerNorm(config.width)
        self.keys_values = nn.Linear(config.width, 2 * config.width)
        self.queries = nn.Linear(config.width, config.width)
        self.out = nn.Linear(config.width, config.width)
        self.perceptron = nn.Sequential(
            nn.LayerNorm(config.width),
            nn.Linear(config.width, 4 * config.width),
            nn.GELU(),
            nn.Linear(4 * config.width, config.width),
        )

    def bias(self, new: int) -> Tensor:
        """Return the penalty `[heads, new, memory + new]` of attending to each distance."""
        steps = torch.arange(new)[:, None] + self.memory - torch.arange(self.memory + new)
        slopes = torch.tensor([2.0 ** (-8 * (head + 1) / self.heads) for head in range(self.heads)])
        seen = (steps >= 0) & (steps <= self.memory)
        return torch.where(seen, -slopes[:, None, None] * steps, torch.tensor(UNKNOWN))

    def forward(
        self, x: Tensor, known: Tensor, past_keys: Tensor, past_values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Map `[B, N, D]`, and return the next pasts `[B, memory, D]`.

        `known` is `[B, memory + N]`.
        """
        new = int(x.shape[1])
        normed = self.attention_norm(x)
        key, value = self.keys_values(normed).chunk(2, dim=-1)
        keys, values = torch.cat((past_keys, key), 1), torch.cat((past_values, value), 1)
        bias = self.bias(new) + ((1 - known) * UNKNOWN)[:, None, None, :]
        query = _split(self.queries(normed), self.heads)
        scores = query @ _split(keys, self.heads).transpose(2, 3) * int(query.shape[-1]) ** -0.5
        read = (scores + bias).softmax(-1) @ _split(values, self.heads)
        x = x + self.out(read.transpose(1, 2).reshape(-1, new, int(x.shape[2])))
        return x + self.perceptron(x), keys[:, new:], values[:, new:]


class FaceMemory(nn.Module):
    """What is remembered of features, at 50 Hz."""

    def __init__(self, config: FaceDecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Linear(config.features, config.width)
        self.layers = nn.ModuleList(MemoryLayer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)

    def past(self, batch: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return what a stream remembers before its first feature."""
        config = self.config
        shape = (batch, config.layers, config.memory, config.width)
        return torch.zeros(batch, config.memory), torch.zeros(shape), torch.zeros(shape)

    def forward(
        self,
        features: Tensor,
        known: Tensor,
        past_known: Tensor,
        past_keys: Tensor,
        past_values: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Remember new features.

        Args:
            features: `[B, N, features]`, the newest last.
            known: `[B, N]`, 0 before the start of the stream.
            past_known: `[B, memory]`.
            past_keys: `[B, layers, memory, width]`.
            past_values: the same.

        Returns:
            The memory of each feature `[B, N, width]`, zeros where unknown, and the next pasts.
        """
        new = int(features.shape[1])
        seen = torch.cat((past_known, known), dim=1)
        x = self.embed(features)
        keys, values = [], []
        for number, layer in enumerate(self.layers):
            x, key, value = layer(x, seen, past_keys[:, number], past_values[:, number])
            keys.append(key)
            values.append(value)
        remembered = self.norm(x) * known[..., None]
        return remembered, seen[:, new:], torch.stack(keys, 1), torch.stack(values, 1)


class FaceQuery(nn.Module):
    """A frame's look at the memory."""

    def __init__(self, config: FaceDecoderConfig) -> None:
        super().__init__()
        self.config = config
        heads, width = config.heads, config.width
        self.query = nn.Parameter(torch.randn(heads, width // heads, 1) * 0.1)
        self.log_slope = nn.Parameter(torch.linspace(0.7, -1.4, heads))
        self.centre = nn.Parameter(torch.zeros(heads))
        self.keys_values = nn.Linear(width, 2 * width)
        self.perceptron = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU())
        self.head = nn.Linear(2 * width, arkit.COUNT)

    def raw(self, memory: Tensor, ages: Tensor, known: Tensor) -> Tensor:
        """Map the memory to weights that may leave [0, 1]: what a loss would see."""
        key, value = self.keys_values(memory).chunk(2, dim=-1)
        heads = self.config.heads
        scores = (_split(key, heads) @ self.query)[..., 0] * self.query.shape[1] ** -0.5
        # Squared: a softmax would not see when all distances grow by the same.
        away = ages[:, None, :] - self.centre[:, None]
        bias = ((1 - known) * UNKNOWN)[:, None, :]
        shares = (scores - self.log_slope.exp()[:, None] * away * away + bias).softmax(-1)
        read = shares[:, :, None] @ _split(value * known[..., None], heads)  # [B, heads, 1, D]
        weights: Tensor = self.head(self.perceptron(read.reshape(-1, self.config.width)))
        return weights

    def forward(self, memory: Tensor, ages: Tensor, known: Tensor) -> Tensor:
        """Map what is remembered to a face.

        Args:
            memory: `[B, reach, width]`, the newest last.
            ages: `[B, reach]`, how long before the frame the middle of each feature is, in features
                of 20 ms; negative after it.
            known: `[B, reach]`, 0 before the start of the stream.

        Returns:
            `[B, 52]` weights in [0, 1], in the order of `facewire.arkit.NAMES`.
        """
        return self.raw(memory, ages, known).clamp(0.0, 1.0)


def _split(x: Tensor, heads: int) -> Tensor:
    """Map `[B, T, D]` to `[B, heads, T, D / heads]`."""
    steps, width = int(x.shape[1]), int(x.shape[2])
    return x.reshape(-1, steps, heads, width // heads).transpose(1, 2)
