"""What a face decoder is, and the batch that it learns from.

Frame `f` is the face at `f / frame_rate` seconds; row `k` of the speech stands for the sound around
`(k + middle) / rate` seconds (`speech_encoders/encoder.py`).
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """Encoded utterances, padded to the longest."""

    rows: Tensor
    """`[B, N, width]` features, or int64 `[B, N, codebooks]` ids; zeros past the end."""
    lengths: Tensor
    """int64 `[B]`: how many rows each has."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceBatch:
    """Encoded utterances with their true faces, padded to the longest."""

    speech: Speech
    faces: Tensor
    """`[B, F, 52]` weights in the order of `facewire.arkit.NAMES`; zeros past the end."""
    trust: Tensor
    """`[B, F, 52]`: 1 where the true weight is known; 0 where not, and past the end."""
    lengths: Tensor
    """int64 `[B]`: how many frames each has."""
    frame_rate: Fraction

    def to(self, device: torch.device | str) -> "FaceBatch":
        """Return the batch on a device."""
        speech = Speech(self.speech.rows.to(device), self.speech.lengths.to(device))
        return FaceBatch(
            speech,
            self.faces.to(device),
            self.trust.to(device),
            self.lengths.to(device),
            self.frame_rate,
        )


class FaceDecoder(Protocol):
    """A network that learns faces from encoded speech; also a `torch.nn.Module`."""

    def losses(self, batch: FaceBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return the parts of the loss of a batch, all scalars; `total` is what is made small."""
        ...

    def faces(self, speech: Speech, frames: int, generator: torch.Generator) -> Tensor:
        """Return `[B, frames, 52]` weights that may leave [0, 1], at the frame rate it learned.

        Frames past the end of an utterance mean nothing.
        """
        ...
