"""The convolutions of SpeechTokenizer and WavTokenizer: SEANet's encoder, as EnCodec has it.

After Défossez et al. 2022 (High Fidelity Neural Audio Compression), section 3.1 and appendix A, and
the names of tensors in the published checkpoints of the two. Each stride halves nothing but time:
a residual block, then a convolution that is twice its stride wide and doubles the channels; then
LSTM layers, and a last convolution. Every convolution mirrors its input at the ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional

from facewire_training.speech_encoders.networks.checkpoints import without_weight_norm

WIDE = 7
"""Kernel of the first and the last convolution."""
RESIDUAL = 3
"""Kernel of a residual block."""


@dataclass(frozen=True, slots=True)
class SeanetSize:
    """What tells one from another."""

    filters: int
    dimension: int
    strides: tuple[int, ...]
    """In the order in which they are run."""
    lstm_layers: int = 2
    bidirectional: bool = False

    @property
    def hop(self) -> int:
        """Samples of a row."""
        return prod(self.strides)


class MirroredConv(nn.Conv1d):
    """A convolution of `[B, C, T]` to `[B, D, ceil(T / stride)]` that mirrors the ends."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (torch's own name)
        """Convolve."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        length = input.shape[-1]
        beside = kernel - stride
        # Where the stride is odd, there is one more before than after.
        before, after = beside - beside // 2, beside // 2
        after += -length % stride
        # An end that is shorter than its mirror goes on with zeros, which are cut off again.
        lacking = max(0, max(before, after) - length + 1)
        mirrored = functional.pad(
            functional.pad(input, (0, lacking)), (before, after), mode="reflect"
        )
        return super().forward(mirrored[..., : mirrored.shape[-1] - lacking])


class ResidualBlock(nn.Module):
    """Two convolutions through half the channels, beside one of single samples."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            nn.ELU(),
            MirroredConv(channels, channels // 2, RESIDUAL),
            nn.ELU(),
            MirroredConv(channels // 2, channels, 1),
        )
        self.shortcut = MirroredConv(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map `[B, C, T]` to the same shape."""
        summed: Tensor = self.shortcut(x) + self.block(x)
        return summed


class SkippedLstm(nn.Module):
    """LSTM layers that add to what they get, twice side by side if they run both ways."""

    def __init__(self, channels: int, layers: int, bidirectional: bool) -> None:
        super().__init__()
        self.lstm = nn.LSTM(channels, channels, layers, bidirectional=bidirectional)

    def forward(self, x: Tensor) -> Tensor:
        """Map `[B, C, T]` to `[B, C or 2 C, T]`."""
        steps = x.permute(2, 0, 1)
        changed, _ = self.lstm(steps)
        copies = changed.shape[-1] // steps.shape[-1]
        summed: Tensor = changed + steps.repeat(1, 1, copies)
        return summed.permute(1, 2, 0)


class SeanetEncoder(nn.Module):
    """The whole, with the numbers of layers that checkpoints have."""

    def __init__(self, size: SeanetSize) -> None:
        super().__init__()
        self.size = size
        channels = size.filters
        layers: list[nn.Module] = [MirroredConv(1, channels, WIDE)]
        for stride in size.strides:
            down = MirroredConv(channels, 2 * channels, 2 * stride, stride)
            layers += [ResidualBlock(channels), nn.ELU(), down]
            channels *= 2
        if size.lstm_layers:
            layers.append(SkippedLstm(channels, size.lstm_layers, size.bidirectional))
            channels *= 2 if size.bidirectional else 1
        layers += [nn.ELU(), MirroredConv(channels, size.dimension, WIDE)]
        self.model = nn.Sequential(*layers)

    def forward(self, samples: Tensor) -> Tensor:
        """Map samples `[B, T]` to `[B, ceil(T / hop), dimension]`."""
        rows: Tensor = self.model(samples[:, None])
        return rows.transpose(1, 2)


def seanet_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return an encoder's tensors under the names that `SeanetEncoder` has for them.

    Args:
        tensors: such as `model.0.conv.conv.weight_g`: two wrappers around each convolution.
    """
    whole = without_weight_norm(tensors)
    return {name.replace(".conv.conv.", "."): tensor for name, tensor in whole.items()}


def size_of(tensors: Mapping[str, Tensor]) -> SeanetSize | None:
    """Return the size that `seanet_tensors` have, or None if they are no such encoder."""
    numbers = sorted({int(name.split(".")[1]) for name in tensors if name.startswith("model.")})
    convs = [tensors.get(f"model.{number}.weight") for number in numbers]
    weights = [weight for weight in convs if weight is not None and weight.ndim == 3]
    if len(weights) < 3 or not _doubling(weights[:-1]):
        return None
    lstm = [name for name in tensors if ".lstm.weight_ih_l" in name]
    return SeanetSize(
        filters=len(weights[0]),
        dimension=len(weights[-1]),
        strides=tuple(weight.shape[2] // 2 for weight in weights[1:-1]),
        lstm_layers=sum(not name.endswith("_reverse") for name in lstm),
        bidirectional=any(name.endswith("_reverse") for name in lstm),
    )


def _doubling(weights: Sequence[Tensor]) -> bool:
    return all(len(after) == 2 * len(before) for before, after in pairwise(weights))


def random_seanet(size: SeanetSize, seed: int) -> SeanetEncoder:
    """Return an encoder of random weights through which sounds keep their power (He 2015)."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        encoder = SeanetEncoder(size).eval()
        for module in encoder.modules():
            if isinstance(module, nn.Conv1d):
                nn.init.kaiming_normal_(module.weight)
                if module.bias is not None:
                    module.bias.zero_()
    return encoder
