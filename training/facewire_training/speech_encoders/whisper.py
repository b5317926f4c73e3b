"""Whisper tiny.en's encoder: the last hidden layer of a recogniser, continuous, 50 rows a second.

A study asset: its weights (MIT) come from a package that nothing of the product needs.
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from facewire_training.data.teacher.whisper import STRIDE, WhisperEncoder, load_encoder
from facewire_training.model.frontend import SAMPLE_RATE
from facewire_training.speech_encoders.encoder import Representation

NAME = "whisper-tiny.en"
LONGEST_S = 30
"""Its positions end there; longer speech is heard in pieces."""


class WhisperFeatures:
    """The encoder, over whole utterances."""

    sample_rate = SAMPLE_RATE

    def __init__(self, network: WhisperEncoder) -> None:
        self.network = network
        # Row k is centred on sample 320 k: on the beginning of its period.
        self.representation = Representation(
            NAME,
            "semantic",
            Fraction(SAMPLE_RATE, STRIDE),
            width=network.size.width,
            middle=Fraction(0),
        )

    @torch.inference_mode()
    def encode(self, speech: Sequence[NDArray[np.float32]]) -> list[NDArray[np.generic]]:
        """Encode utterances one by one: it attends to all it is given, padding too."""
        return [self._encode(samples) for samples in speech]

    def _encode(self, samples: NDArray[np.float32]) -> NDArray[np.generic]:
        count = self.representation.rows(len(samples), SAMPLE_RATE)
        longest = LONGEST_S * SAMPLE_RATE
        pieces = [
            self.network(torch.from_numpy(samples[start : start + longest].copy())[None])[0].numpy()
            for start in range(0, count * STRIDE, longest)
        ]
        empty = np.zeros((0, self.representation.width), np.float32)
        rows: NDArray[np.float32] = np.concatenate(pieces) if pieces else empty
        return rows[:count]


def load_whisper(model: Path) -> WhisperFeatures:
    """Load the encoder from a CTranslate2 model.

    Raises:
        ConfigError: the file is no Whisper.
    """
    return WhisperFeatures(load_encoder(model))
