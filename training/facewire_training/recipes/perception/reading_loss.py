"""What a frozen lip reader says of a face, against what it says of the true one."""

from fractions import Fraction
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from facewire_training.recipes.perception.auto_avsr import load_auto_avsr
from facewire_training.recipes.perception.reader import FILE, load_reader
from facewire_training.recipes.perception.seen_speech import FRAME_RATE


class Reads(Protocol):
    """What a loss needs of a reader."""

    def features(self, faces: Tensor) -> Tensor:
        """Return what is read off faces at 25 frames/s, `[B, T, 52]` to `[B, T, width]`."""
        ...


class ReadingLoss(nn.Module):
    """`1 - cos(features(face), features(true face))`, the mean over frames at 25 a second.

    That of VisualSpeaker (arXiv 2507.06060), with a reader of one's own in place of Auto-AVSR's and
    with the true face drawn as ours is: what differs is the motion alone.
    """

    def __init__(self, reader: Reads, frame_rate: Fraction) -> None:
        """Make the loss of faces at a frame rate; the reader is not trained by it."""
        super().__init__()
        self.reader = reader
        self._rate = frame_rate

    def forward(self, raw: Tensor, truth: Tensor, trust: Tensor | None = None) -> Tensor:
        """Compare `[B, N, 52]` consecutive faces; returns a scalar from 0 to 2.

        Args:
            raw: the faces, before they are clamped.
            truth: what they should be.
            trust: `[B, N, 52]`, how much each weight counts; what is not trusted at all is taken
                from `raw` on both sides, and gets no gradient. All count if it is not given.
        """
        shown = held_to_unit(raw)
        if trust is not None:
            shown = torch.where(trust > 0, shown, shown.detach())
            truth = torch.where(trust > 0, truth, shown.detach())
        with torch.no_grad():
            wanted = self.reader.features(at_video_rate(truth, self._rate))
        found = self.reader.features(at_video_rate(shown, self._rate))
        return (1 - functional.cosine_similarity(found, wanted, dim=-1)).mean()


def held_to_unit(raw: Tensor) -> Tensor:
    """Return weights clamped to [0, 1], with a gradient also for those that are outside."""
    return raw + (raw.clamp(0.0, 1.0) - raw).detach()


def at_video_rate(faces: Tensor, frame_rate: Fraction) -> Tensor:
    """Return faces `[B, N, 52]` as video shows them, at 25 frames/s, linear between their own."""
    count = max(int((faces.shape[1] - 1) / frame_rate * FRAME_RATE) + 1, 1)
    at = torch.arange(count, dtype=torch.float64) * float(frame_rate / FRAME_RATE)
    low = at.long().clamp(max=faces.shape[1] - 1)
    high = (low + 1).clamp(max=faces.shape[1] - 1)
    share = (at - low).to(faces.dtype)[:, None].to(faces.device)
    return faces[:, low] * (1 - share) + faces[:, high] * share


def load_reads(path: Path) -> Reads:
    """Read a frozen reader: a folder of `train_reader`, or a `.pth` file of Auto-AVSR's.

    Raises:
        ConfigError: it is neither, or damaged.
    """
    return load_auto_avsr(path) if path.suffix == ".pth" else load_reader(path / FILE)
