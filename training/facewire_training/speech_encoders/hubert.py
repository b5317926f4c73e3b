"""HuBERT's last hidden layer, 50 rows a second (Hsu et al. 2021), through transformers.

Row `k` sees samples `320 k - 80` to `320 k + 320`, as in the engine `hubert`: it is what
transformers makes of the utterance with 80 zeros before it.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from facewire.errors import ConfigError
from facewire_training.speech_encoders.encoder import Representation
from facewire_training.speech_encoders.networks.hubert_checkpoints import (
    BEFORE,
    HOP,
    SAMPLE_RATE,
    load_hubert,
    random_hubert,
)
from facewire_training.speech_encoders.utterances import encode_by_length, torch_device

NAME = "hubert"
_EPSILON = 1e-7
"""Added to the variance that samples are normalised by, as in transformers."""


class HubertFeatures:
    """A HuBERT, over whole utterances."""

    sample_rate = SAMPLE_RATE

    def __init__(self, model: Any, *, normalised: bool, device: str = "cpu") -> None:
        """Take a model.

        Args:
            model: a `transformers.HubertModel`.
            normalised: whether it was trained on utterances of zero mean and unit variance.
            device: where it runs.

        Raises:
            ConfigError: there is no such device.
        """
        self._device = torch_device(device)
        self._model = model.to(self._device)
        self._normalised = normalised
        self.representation = Representation(
            NAME,
            "semantic",
            Fraction(SAMPLE_RATE, HOP),
            width=model.config.hidden_size,
            middle=Fraction((HOP - BEFORE) // 2, HOP),
        )

    def encode(self, speech: Sequence[NDArray[np.float32]]) -> list[NDArray[np.generic]]:
        """Encode whole utterances; see `SpeechEncoder`.

        Raises:
            ConfigError: an utterance is no sound.
        """
        return encode_by_length(speech, self.representation, self.sample_rate, self._run)

    def _run(self, batch: NDArray[np.float32]) -> NDArray[np.generic]:
        samples = torch.from_numpy(batch).to(self._device)
        if self._normalised:
            variance, mean = torch.var_mean(samples, dim=1, correction=0, keepdim=True)
            samples = (samples - mean) / (variance + _EPSILON).sqrt()
        rows: Tensor = self._model(functional.pad(samples, (BEFORE, 0))).last_hidden_state
        return rows.cpu().numpy()


def open_hubert(weights: Path, device: str = "cpu") -> HubertFeatures:
    """Load a HuBERT of 50 rows a second.

    Args:
        weights: a folder with `config.json` and `model.safetensors` or `pytorch_model.bin`, or one
            of those files.
        device: where it runs.

    Raises:
        ConfigError: the weights are missing, damaged or another network's.
    """
    folder = weights.parent if weights.is_file() else weights
    if not folder.is_dir():
        raise ConfigError(
            f"there is no folder {folder} with config.json and the weights of HuBERT; get it "
            "with: facewire models pull hubert"
        )
    model, normalised = load_hubert(str(folder))
    if prod(model.config.conv_stride) != HOP:
        raise ConfigError(
            f"{folder} holds a HuBERT with a row for every {prod(model.config.conv_stride)} "
            f"samples, not {HOP}; only those of 50 rows a second are known here"
        )
    return HubertFeatures(model, normalised=normalised, device=device)


def random_hubert_features(size: str = "base", seed: int = 0) -> HubertFeatures:
    """Return a HuBERT of random weights, of a size from `recipes.hubert.checkpoints.SIZES`."""
    return HubertFeatures(random_hubert(size, seed), normalised=True)
