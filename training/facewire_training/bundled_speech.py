"""The clip that comes with Facewire, for whatever needs some real speech."""

from importlib import resources

import torch
from torch import Tensor

from facewire.sources.sound_file import SoundFile

SAMPLE_RATE = 16_000
WHOLE = 320
"""Its length is a multiple of so many samples: of 20 ms."""


def bundled_speech() -> Tensor:
    """Return it, `[T]` in [-1, 1] at 16 kHz."""
    with resources.as_file(resources.files("facewire") / "assets" / "demo.flac") as path:
        pieces = [torch.from_numpy(c.samples.copy()) for c in SoundFile(path, SAMPLE_RATE)]
    speech = torch.cat(pieces)
    return speech[: len(speech) // WHOLE * WHOLE]
