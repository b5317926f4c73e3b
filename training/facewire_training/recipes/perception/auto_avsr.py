"""The eyes of Auto-AVSR as the reader of the loss, for who has its weights.

    --reader vsr_trlrs2lrs3vox2avsp_base.pth

Auto-AVSR (Ma et al. 2023, "Auto-AVSR: Audio-Visual Speech Recognition with Automatic Labels", arXiv
2303.14307) begins with a 3-D convolution of 5 x 7 x 7 over grey video and a ResNet-18 (He et al.
2016) over each of its frames, 512 features a frame at 25 frames/s. This is that part, written anew,
under the names of the published file; what comes after it (a Conformer) is not used. Its weights
are under the terms of its data sets, and are not here: it was tried with random ones only.
"""

from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

from facewire.errors import ConfigError
from facewire_training.recipes.perception.reader import prepare
from facewire_training.recipes.perception.renderer import MouthRenderer
from facewire_training.training_run import read_state

FEATURES = 512
_CHANNELS = (64, 64, 128, 256, 512)
_MARK = "frontend3D."


class _Block(nn.Module):
    """Two convolutions of 3 x 3 and a way around them."""

    def __init__(self, before: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1 or before != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(before, channels, 1, stride=stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        inner = nn.functional.silu(self.bn1(self.conv1(x)))
        both: Tensor = self.bn2(self.conv2(inner)) + self.downsample(x)
        return nn.functional.silu(both)


class _Trunk(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        for place, (before, channels) in enumerate(pairwise(_CHANNELS), start=1):
            first = _Block(before, channels, stride=1 if place == 1 else 2)
            self.add_module(f"layer{place}", nn.Sequential(first, _Block(channels, channels, 1)))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.children():
            x = layer(x)
        pooled: Tensor = x.mean(dim=(-2, -1))
        return pooled


class AutoAvsrEyes(nn.Module):
    """Faces to what Auto-AVSR's front end sees of them."""

    def __init__(self) -> None:
        """Make it with random weights; `load_auto_avsr` reads published ones."""
        super().__init__()
        self.renderer = MouthRenderer()
        self.frontend3D = nn.Sequential(
            nn.Conv3d(1, _CHANNELS[0], (5, 7, 7), (1, 2, 2), (2, 3, 3), bias=False),
            nn.BatchNorm3d(_CHANNELS[0]),
            nn.SiLU(),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
        )
        self.trunk = _Trunk()

    def features(self, faces: Tensor) -> Tensor:
        """Draw faces at 25 frames/s and look at them, `[B, T, 52]` to `[B, T, 512]`."""
        video = prepare(self.renderer(faces))[:, None]
        seen: Tensor = self.frontend3D(video)
        batch, _, frames = seen.shape[:3]
        flat: Tensor = self.trunk(seen.transpose(1, 2).flatten(0, 1))
        return flat.reshape(batch, frames, FEATURES)


def load_auto_avsr(path: Path) -> AutoAvsrEyes:
    """Read the front end out of a file of Auto-AVSR's, frozen.

    Raises:
        ConfigError: the file is missing or damaged, or has no such front end.
    """
    return eyes_of(read_state(path), path)


def eyes_of(state: dict[str, Tensor], path: Path) -> AutoAvsrEyes:
    """Return the front end that is within the weights of a whole model, read from `path`.

    Raises:
        ConfigError: there is none, or it is another one.
    """
    prefix = next((name.partition(_MARK)[0] for name in state if _MARK in name), None)
    if prefix is None:
        raise ConfigError(f"{path} holds no front end of Auto-AVSR; give one of its .pth files")
    own = (f"{prefix}{_MARK}", f"{prefix}trunk.")
    parts = {
        name.removeprefix(prefix): torch.as_tensor(weight)
        for name, weight in state.items()
        if name.startswith(own)
    }
    eyes = AutoAvsrEyes()
    try:
        eyes.load_state_dict(parts)
    except RuntimeError as error:
        raise ConfigError(
            f"{path} holds another front end than Auto-AVSR's with Swish; give one of its "
            "visual models"
        ) from error
    return eyes.eval().requires_grad_(False)
