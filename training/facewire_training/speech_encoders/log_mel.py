"""Encoders that learn nothing: log-mels as they are, and their ids by random projection.

Log-mels stacked for each row are the plainest acoustic features there are. Ids are those of a
random-projection quantiser (BEST-RQ, Chiu et al. 2022): a random matrix maps a row of log-mels to a
few numbers, and its id is the nearest of a codebook of random directions. Both are causal.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from facewire_training.model.frontend import HOP, PAST_SAMPLES, SAMPLE_RATE, LogMel
from facewire_training.speech_encoders.encoder import Representation
from facewire_training.speech_encoders.streaming_encoder import ENCODER
from facewire_training.streaming.step_network import StepNetwork

BANDS = 40
PROJECTED = 16
"""Numbers that are looked up in a codebook; as many as in the paper."""


class StackedLogMel(nn.Module):
    """Log-mels of a hop, one row."""

    def __init__(self, stacked: int) -> None:
        super().__init__()
        self.stacked = stacked
        self.mel = LogMel(BANDS)

    def forward(self, samples: Tensor, past_samples: Tensor) -> tuple[Tensor, Tensor]:
        """Map `[B, N * stacked * 160]` samples to `[B, N, stacked * 40]`."""
        mel, past = self.mel(samples, past_samples)
        return mel.reshape(-1, mel.shape[1] // self.stacked, self.stacked * BANDS), past


class RandomProjection(nn.Module):
    """Ids of stacked log-mels."""

    projection: Tensor
    codebook: Tensor

    def __init__(self, stacked: int, codebooks: int, vocabulary: int, seed: int) -> None:
        super().__init__()
        self.rows = StackedLogMel(stacked)
        self.codebooks = codebooks
        drawn = torch.Generator().manual_seed(seed)
        wide = stacked * BANDS
        projection = torch.randn(wide, codebooks * PROJECTED, generator=drawn) * wide**-0.5
        codebook = torch.randn(codebooks, vocabulary, PROJECTED, generator=drawn)
        self.register_buffer("projection", projection)
        self.register_buffer("codebook", functional.normalize(codebook, dim=-1).mT.contiguous())

    def forward(self, samples: Tensor, past_samples: Tensor) -> tuple[Tensor, Tensor]:
        """Map `[B, N * stacked * 160]` samples to int64 ids `[B, N, codebooks]`."""
        rows, past = self.rows(samples, past_samples)
        projected = (rows @ self.projection).reshape(-1, rows.shape[1], self.codebooks, PROJECTED)
        # The nearest of directions is that with the largest product, whatever the length.
        scores = projected[..., None, :] @ self.codebook  # [B, N, codebooks, 1, vocabulary]
        return scores[..., 0, :].argmax(-1), past


class LogMelEncoder:
    """A causal encoder of random weights or none, offline and as a stream."""

    sample_rate = SAMPLE_RATE
    right = 0
    delay = 0

    def __init__(
        self,
        rate: int = 25,
        *,
        codebooks: int = 0,
        vocabulary: int = 0,
        step: int = 1,
        seed: int = 0,
    ) -> None:
        """Choose what comes out.

        Args:
            rate: rows a second, a divisor of 100.
            codebooks: ids of a row; 0 for log-mels.
            vocabulary: ids of a codebook.
            step: rows of a hop.
            seed: of projections and codebooks.
        """
        stacked = SAMPLE_RATE // HOP // rate
        if stacked * rate * HOP != SAMPLE_RATE:
            raise ValueError(f"{rate} rows a second do not divide 100")
        self.step = step
        self._row = stacked * HOP
        self.network: nn.Module = (
            RandomProjection(stacked, codebooks, vocabulary, seed)
            if codebooks
            else StackedLogMel(stacked)
        ).eval()
        # A window of 400 samples ends with its hop of 160; the middle is that of a row's windows.
        middle = Fraction((stacked + 1) * HOP - 400, 2 * self._row)
        self.representation = Representation(
            "random-projection" if codebooks else "log-mel",
            "acoustic",
            Fraction(rate),
            width=0 if codebooks else stacked * BANDS,
            codebooks=codebooks,
            vocabulary=vocabulary,
            middle=middle,
        )

    @torch.inference_mode()
    def encode(self, speech: Sequence[NDArray[np.float32]]) -> list[NDArray[np.generic]]:
        """Encode utterances, each by itself."""
        return [self._encode(samples) for samples in speech]

    def _encode(self, samples: NDArray[np.float32]) -> NDArray[np.generic]:
        count = len(samples) // self._row
        if not count:
            wide = self.representation.codebooks or self.representation.width
            return np.zeros((0, wide), np.int32 if self.representation.is_ids else np.float32)
        heard = torch.from_numpy(samples[: count * self._row].copy())[None]
        rows: Tensor = self.network(heard, torch.zeros(1, PAST_SAMPLES))[0][0]
        return rows.numpy().astype(np.int32) if self.representation.is_ids else rows.numpy()

    def networks(self) -> list[StepNetwork]:
        """Return what hears a hop."""
        example = torch.randn(2, self.step * self._row) * 0.1
        pasts = {"past_samples": torch.zeros(2, PAST_SAMPLES)}
        return [StepNetwork(ENCODER, self.network, "samples", example, pasts, "rows")]
