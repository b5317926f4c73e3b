"""A small lip reader: pictures of a mouth at 25 frames/s to visemes, some of them told by context.

Pictures are prepared as Auto-AVSR (Ma et al. 2023, arXiv 2303.14307) prepares video: grey, the
middle 88 of 96 pixels, less .421 and divided by .165. A reader of weights has no eyes: it gets the
52 numbers themselves, which is what a loss costs that needs no pictures.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from facewire.errors import ConfigError
from facewire_training.recipes.perception.contours import load_contours
from facewire_training.recipes.perception.renderer import MouthRenderer
from facewire_training.recipes.tokens_to_faces.probes.visemes import VISEMES
from facewire_training.training_run import read_state, write_checkpoint

CROP = 88
"""Pixels of a side that are read."""
MEAN, DEVIATION = 0.421, 0.165

FRONTS = ("pictures", "weights")
MEMORIES = ("convolutions", "gru")
FILE = "reader.pt"


@dataclass(frozen=True, slots=True)
class ReaderConfig:
    """What a reader is made of."""

    front: str = "pictures"
    """One of `FRONTS`."""
    memory: str = "convolutions"
    """One of `MEMORIES`: how a reader sees what was before and comes after."""
    channels: tuple[int, ...] = (16, 32, 64)
    """Of the layers that look at a picture."""
    width: int = 128
    """Features of a frame."""
    layers: int = 3
    seed: int = 0


class Eyes(nn.Module):
    """Pictures `[B, 96, 96]` to features `[B, width]`."""

    def __init__(self, config: ReaderConfig) -> None:
        super().__init__()
        first, *others = config.channels
        layers: list[nn.Module] = [nn.Conv2d(1, first, 8, stride=4, padding=2), nn.SiLU()]
        before, side = first, CROP // 4
        for channels in others:
            layers += [nn.Conv2d(before, channels, 3, stride=2, padding=1), nn.SiLU()]
            before, side = channels, (side + 1) // 2
        self.look = nn.Sequential(*layers)
        self.out = nn.Linear(before * side * side, config.width)

    def forward(self, pictures: Tensor) -> Tensor:
        """Look at each picture by itself."""
        features: Tensor = self.out(self.look(prepare(pictures)[:, None]).flatten(1))
        return features


class Touch(nn.Module):
    """Weights `[B, 52]` to features `[B, width]`, of those shapes alone that move the mouth."""

    seen: Tensor

    def __init__(self, config: ReaderConfig) -> None:
        super().__init__()
        moves = torch.stack(
            [torch.tensor(one.moves).abs().amax((1, 2)) for one in load_contours().values()]
        )
        seen = (moves.amax(0) > 0).float()
        seen[-1] = 1.0  # tongueOut is drawn, but moves no line
        self.register_buffer("seen", seen, persistent=False)
        self.look = nn.Sequential(
            nn.Linear(len(seen), 2 * config.width),
            nn.SiLU(),
            nn.Linear(2 * config.width, config.width),
        )

    def forward(self, weights: Tensor) -> Tensor:
        """Look at each face by itself."""
        features: Tensor = self.look(weights.clamp(0.0, 1.0) * self.seen)
        return features


class LipReader(nn.Module):
    """Reads visemes off mouths; sees a quarter of a second or more around each frame."""

    def __init__(self, config: ReaderConfig) -> None:
        """Make an untrained reader.

        Raises:
            ConfigError: there is no such front or memory.
        """
        super().__init__()
        if config.front not in FRONTS or config.memory not in MEMORIES:
            raise ConfigError(
                f"no reader of {config.front!r} with {config.memory!r}; there are "
                f"{', '.join(FRONTS)} and {', '.join(MEMORIES)}"
            )
        self.config: Final = config
        self.renderer = MouthRenderer() if config.front == "pictures" else None
        self.front = Eyes(config) if config.front == "pictures" else Touch(config)
        memory = _Convolutions if config.memory == "convolutions" else _Recurrent
        self.memory = memory(config.width, config.layers)
        self.out = nn.Linear(config.width, len(VISEMES))

    def features(self, faces: Tensor, look: Tensor | None = None) -> Tensor:
        """Return what is read off faces before it is named, `[B, T, 52]` to `[B, T, width]`.

        `look` is `[B, 8]` as `renderer.LOOK` says; who has no eyes does not see it.
        """
        batch, frames = faces.shape[:2]
        flat = faces.flatten(0, 1)
        if self.renderer is not None:
            looks = None if look is None else look.repeat_interleave(frames, dim=0)
            flat = self.renderer(flat, looks)
        found: Tensor = self.memory(self.front(flat).unflatten(0, (batch, frames)))
        return found

    def forward(self, faces: Tensor, look: Tensor | None = None) -> Tensor:
        """Return scores of the visemes before the softmax, `[B, T, 52]` to `[B, T, 15]`."""
        scores: Tensor = self.out(self.features(faces, look))
        return scores


def prepare(pictures: Tensor) -> Tensor:
    """Return pictures `[..., 96, 96]` in [0, 1] as readers want them, `[..., 88, 88]`."""
    edge = (pictures.shape[-1] - CROP) // 2
    middle = pictures[..., edge : edge + CROP, edge : edge + CROP]
    return (middle - MEAN) / DEVIATION


class _Convolutions(nn.Module):
    """Residual convolutions over time, `[B, T, C]` to the same, each wider than the one before."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv1d(width, width, 3, padding=2**i, dilation=2**i) for i in range(layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = x + functional.silu(layer(norm(x).transpose(1, 2)).transpose(1, 2))
        return x


class _Recurrent(nn.Module):
    """A GRU in both directions, `[B, T, C]` to the same."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.gru = nn.GRU(width, width // 2, layers, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.gru(self.norm(x))[0]
        return x + found


def save_reader(reader: LipReader, path: Path) -> None:
    """Write a reader into a file."""
    write_checkpoint({"config": asdict(reader.config), "reader": reader.state_dict()}, path)


def load_reader(path: Path) -> LipReader:
    """Read a frozen reader from a file that `save_reader` wrote.

    Raises:
        ConfigError: it is missing, damaged, or no reader.
    """
    state = read_state(path)
    try:
        config = state["config"]
        reader = LipReader(ReaderConfig(**{**config, "channels": tuple(config["channels"])}))
        reader.load_state_dict(state["reader"])
    except (LookupError, TypeError, RuntimeError) as error:
        raise ConfigError(f"{path} is no lip reader; train one with train_reader") from error
    return reader.eval().requires_grad_(False)
