"""From the latents of a frozen TTS to what a face decoder takes.

The shape is that of UniTAF (arXiv 2602.15651): three bottleneck blocks of grouped convolutions over
time, the last of which strides; then a layer norm with a learned scale. Convolutions have no
padding: a stream gives them windows, and whole speech is padded once, so both are the same.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from facewire_engines.latents.session import BESIDE, GROUP, ROWS
from facewire_engines.phones.phone_set import PHONES


@dataclass(frozen=True, slots=True)
class ProjectorConfig:
    """The size of a projector."""

    widths: tuple[int, ...] = (256, 192, 192, 160)
    """Of the latents, and after each block."""
    kernels: tuple[int, ...] = (7, 7, 12)
    stride: int = GROUP
    """Of the last block: so many latents become one output."""
    groups: int = 8
    middle: float = 0.25
    """Width within a block, as a share of what leaves it."""

    def __post_init__(self) -> None:
        if len(self.kernels) != len(self.widths) - 1:
            raise ValueError(f"{len(self.kernels)} kernels for {len(self.widths) - 1} blocks")

    @property
    def beside(self) -> int:
        """How many latents on each side of its own an output depends on."""
        return (sum(kernel - 1 for kernel in self.kernels) + 1 - self.stride) // 2


PAPER = ProjectorConfig(widths=(1024, 256, 256, 768), kernels=(3, 3, 4), stride=2)
"""UniTAF's own, from IndexTTS2's latents, 50 a second, to UniTalker's rows, 25 a second. The paper
does not tell its kernels."""


class Bottleneck(nn.Module):
    """Narrow, look along time in groups of channels, widen; around it goes what has the width."""

    def __init__(self, before: int, after: int, kernel: int, stride: int, config: ProjectorConfig):
        super().__init__()
        middle = round(after * config.middle)
        self.narrow = nn.Conv1d(before, middle, 1, bias=False)
        self.look = nn.Conv1d(
            middle, middle, kernel, stride=stride, groups=config.groups, bias=False
        )
        self.widen = nn.Conv1d(middle, after, 1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for width in (middle, middle, after))
        self.passes = before == after and stride == 1
        self.margin = (kernel - 1) // 2

    def forward(self, x: Tensor) -> Tensor:
        """Map `[B, before, T]` to `[B, after, (T - kernel) // stride + 1]`."""
        first, second, third = self.norms
        y = functional.relu(first(self.narrow(x)))
        y = functional.relu(second(self.look(y)))
        y = third(self.widen(y))
        if self.passes:
            y = y + x[..., self.margin : self.margin + y.shape[-1]]
        return functional.relu(y)


class Projector(nn.Module):
    """Latents to features, `stride` of them to one."""

    def __init__(self, config: ProjectorConfig) -> None:
        super().__init__()
        self.config = config
        strides = [1] * (len(config.kernels) - 1) + [config.stride]
        self.blocks = nn.Sequential(
            *(
                Bottleneck(before, after, kernel, stride, config)
                for (before, after), kernel, stride in zip(
                    pairwise(config.widths), config.kernels, strides, strict=True
                )
            )
        )
        self.norm = nn.LayerNorm(config.widths[-1], elementwise_affine=False)
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, latents: Tensor) -> Tensor:
        """Map latents `[B, beside + stride * N + beside, C]` to features `[B, N, F]`."""
        features: Tensor = self.norm(self.blocks(latents.transpose(1, 2)).transpose(1, 2))
        return features * self.scale


def padded(latents: Tensor, config: ProjectorConfig) -> Tensor:
    """Return whole speech `[B, T, C]` with zeros before and after it, as a stream has them."""
    return functional.pad(latents, (0, 0, config.beside, config.beside))


class RowProjector(nn.Module):
    """Latents to what the embedded model's encoder would say of their sound: classes and effort."""

    def __init__(self, config: ProjectorConfig) -> None:
        super().__init__()
        if (config.stride, config.beside) != (GROUP, BESIDE):
            raise ValueError(f"the engine gives windows of {BESIDE} + {GROUP} + {BESIDE} latents")
        self.projector = Projector(config)
        self.head = nn.Linear(config.widths[-1], ROWS * (len(PHONES) + 1))

    def scores(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Map windows `[B, 10 + 4 N + 10, C]` to scores `[B, 5 N, 40]` and effort `[B, 5 N]`."""
        rows = self.head(self.projector(latents)).unflatten(-1, (ROWS, -1)).flatten(1, 2)
        return rows[..., :-1], rows[..., -1].tanh()

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Map windows to probabilities `[B, 5 N, 40]` and effort `[B, 5 N]` in [-1, 1]."""
        scores, effort = self.scores(latents)
        return scores.softmax(-1), effort
