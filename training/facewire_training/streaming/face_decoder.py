"""A face from rows of speech: a causal Transformer over the last second, asked at any moment.

Two networks. The memory steps at the rate of rows: causal self-attention over a window, with a
penalty that grows with distance instead of positions (ALiBi, Press et al. 2022), so a stream may be
of any length; its past keys and values go in and come out. The query reads the memory at the moment
of a frame: it knows how long ago each remembered row was, to the sample, so every frame rate has
exact times and the same face at the same moment.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facewire import arkit

UNKNOWN = -1e4
"""Added to attention scores: nothing is left of them, in half precision, too."""


@dataclass(frozen=True, slots=True)
class FaceDecoderConfig:
    """The size of a decoder."""

    features: int = 768
    """Width of the rows."""
    width: int = 192
    layers: int = 3
    heads: int = 4
    memory: int = 50
    """Rows before its own that each step attends to."""
    reach: int = 16
    """Rows that a frame reads."""
    dropout: float = 0.0


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
        self.dropout = nn.Dropout(config.dropout)

    def bias(self, new: int, device: torch.device | None = None) -> Tensor:
        """Return the penalty `[heads, new, memory + new]` of attending to each distance."""
        places = torch.arange(self.memory + new, device=device)
        steps = places[self.memory :, None] - places
        powers = [2.0 ** (-8 * (head + 1) / self.heads) for head in range(self.heads)]
        slopes = torch.tensor(powers, device=device)
        seen = (steps >= 0) & (steps <= self.memory)
        unknown = torch.tensor(UNKNOWN, device=device)
        return torch.where(seen, -slopes[:, None, None] * steps, unknown)

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
        bias = self.bias(new, x.device) + ((1 - known) * UNKNOWN)[:, None, None, :]
        query = _split(self.queries(normed), self.heads)
        scores = query @ _split(keys, self.heads).transpose(2, 3) * int(query.shape[-1]) ** -0.5
        read = (scores + bias).softmax(-1) @ _split(values, self.heads)
        x = x + self.dropout(self.out(read.transpose(1, 2).reshape(-1, new, int(x.shape[2]))))
        return x + self.dropout(self.perceptron(x)), keys[:, new:], values[:, new:]


class FaceMemory(nn.Module):
    """What is remembered of rows, at their own rate."""

    def __init__(self, config: FaceDecoderConfig, embed: nn.Module | None = None) -> None:
        """Take what maps rows to vectors `[B, N, width]`; a linear layer if None."""
        super().__init__()
        self.config = config
        self.embed = embed or nn.Linear(config.features, config.width)
        self.layers = nn.ModuleList(MemoryLayer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.dropout = nn.Dropout(config.dropout)

    def past(self, batch: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return what a stream remembers before its first row."""
        config, device = self.config, self.norm.weight.device
        shape = (batch, config.layers, config.memory, config.width)
        known = torch.zeros(batch, config.memory, device=device)
        return known, torch.zeros(shape, device=device), torch.zeros(shape, device=device)

    def forward(
        self,
        rows: Tensor,
        known: Tensor,
        past_known: Tensor,
        past_keys: Tensor,
        past_values: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Remember new rows.

        Args:
            rows: `[B, N, features]`, or whatever is embedded; the newest last.
            known: `[B, N]`, 0 before the start of the stream.
            past_known: `[B, memory]`.
            past_keys: `[B, layers, memory, width]`.
            past_values: the same.

        Returns:
            The memory of each row `[B, N, width]`, zeros where unknown, and the next pasts.
        """
        new = int(rows.shape[1])
        seen = torch.cat((past_known, known), dim=1)
        x = self.dropout(self.embed(rows))
        keys, values = [], []
        for number, layer in enumerate(self.layers):
            x, key, value = layer(x, seen, past_keys[:, number], past_values[:, number])
            keys.append(key)
            values.append(value)
        remembered = self.norm(x) * known[..., None]
        return remembered, seen[:, new:], torch.stack(keys, 1), torch.stack(values, 1)


class FaceQuery(nn.Module):
    """A frame's look at the memory.

    Each head reads around a distance of its own, sharply or widely, and more where a row says so.
    """

    def __init__(self, config: FaceDecoderConfig) -> None:
        super().__init__()
        self.config = config
        heads, width = config.heads, config.width
        self.query = nn.Parameter(torch.randn(heads, width // heads, 1) * 0.1)
        # At first one head reads at the frame, the others before and after it in turn, ever wider.
        places = torch.arange(heads)
        self.centre = nn.Parameter((places + 1).div(2, rounding_mode="floor") * (-1.0) ** places)
        self.log_slope = nn.Parameter(torch.linspace(0.7, -4.0, heads))
        self.keys_values = nn.Linear(width, 2 * width)
        # How far ahead the newest row lies tells what else may still come.
        self.perceptron = nn.Sequential(
            nn.Linear(width + 1, 2 * width), nn.GELU(), nn.Dropout(config.dropout)
        )
        self.head = nn.Linear(2 * width, arkit.COUNT)

    def raw(self, memory: Tensor, ages: Tensor, known: Tensor, newest: Tensor) -> Tensor:
        """Map the memory to weights that may leave [0, 1]: what a loss sees.

        Args:
            memory: `[B, R, width]`.
            ages: `[B, F, R]`, how many rows before each frame the middle of each is.
            known: `[B, F, R]`, 1 for the rows that a frame may read.
            newest: `[B, F]`, the age of the newest of them.

        Returns:
            `[B, F, 52]`.
        """
        key, value = self.keys_values(memory).chunk(2, dim=-1)
        heads = self.config.heads
        scores = (_split(key, heads) @ self.query)[..., 0] * self.query.shape[1] ** -0.5
        # Squared: a softmax would not see when all distances grow by the same.
        away = ages[:, None] - self.centre[:, None, None]  # [B, heads, F, R]
        bias = ((1 - known) * UNKNOWN)[:, None]
        near = scores[:, :, None] - self.log_slope.exp()[:, None, None] * away * away
        shares = (near + bias).softmax(-1) * known[:, None]
        read = (shares @ _split(value, heads)).transpose(1, 2)  # [B, F, heads, D]
        read = read.reshape(-1, int(ages.shape[1]), self.config.width)
        ahead = newest.clamp(-self.config.reach, self.config.reach) / self.config.reach
        weights: Tensor = self.head(self.perceptron(torch.cat((read, ahead[..., None]), dim=-1)))
        return weights

    def forward(self, memory: Tensor, ages: Tensor, known: Tensor) -> Tensor:
        """Map what is remembered to a face.

        Args:
            memory: `[B, reach, width]`, the newest last.
            ages: `[B, reach]`, how long before the frame the middle of each row is, in periods of
                rows; negative after it.
            known: `[B, reach]`, 0 before the start of the stream.

        Returns:
            `[B, 52]` weights in [0, 1], in the order of `facewire.arkit.NAMES`.
        """
        newest = ages[:, self.config.reach - 1 :]
        raw = self.raw(memory, ages[:, None], known[:, None], newest)
        return raw[:, 0].clamp(0.0, 1.0)


def _split(x: Tensor, heads: int) -> Tensor:
    """Map `[B, T, D]` to `[B, heads, T, D / heads]`."""
    steps, width = int(x.shape[1]), int(x.shape[2])
    return x.reshape(-1, steps, heads, width // heads).transpose(1, 2)
