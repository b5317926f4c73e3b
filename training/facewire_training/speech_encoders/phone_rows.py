"""What the encoder of the embedded model hears, as rows of features for other decoders.

A row comes every 30 ms, three hops of the encoder, and holds what it then says of the last 160 ms:
the probabilities of the 40 classes and the effort, 0, 20, ... 160 ms ago. It stands for a moment
50 ms before it was said, so that a face between two rows needs no more than 80 ms of look-ahead.
"""

import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from facewire.errors import ConfigError
from facewire_engines.model_files import EMBEDDED_MODELS, read_manifest, read_verified
from facewire_engines.phones.phone_set import PHONES, TOKEN_RATE
from facewire_training.model.encoder import HINDSIGHT, Encoder
from facewire_training.model.frontend import HOP, SAMPLE_RATE
from facewire_training.model.restore import read_encoder
from facewire_training.speech_encoders.encoder import Representation
from facewire_training.speech_encoders.streaming_encoder import ENCODER
from facewire_training.streaming.step_network import StepNetwork

HOPS = 3
"""Of a row."""
AHEAD_MS = 50
"""How far past the moment that it stands for a row has heard."""
EVERY = 2
"""Every second of the encoder's 17 rows of hindsight is kept: those 20 ms apart."""
WIDTH = len(range(0, HINDSIGHT, EVERY)) * (len(PHONES) + 1)
PUBLISHED = EMBEDDED_MODELS / "phones"


class PhoneRows(nn.Module):
    """The encoder, asked at the end of every row."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(
        self, samples: Tensor, past_samples: Tensor, past_mel: Tensor, past_hidden: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Map `[B, N * 480]` samples to `[B, N, 369]`, and return the next pasts.

        `past_hidden` is `[B, layers, width]`.
        """
        hidden = past_hidden.transpose(0, 1).contiguous()
        scores, effort, *following = self.encoder(samples, past_samples, past_mel, hidden)
        rows = self.described(scores[:, HOPS - 1 :: HOPS], effort[:, HOPS - 1 :: HOPS])
        return rows, following[0], following[1], following[2].transpose(0, 1)

    def described(self, scores: Tensor, effort: Tensor) -> Tensor:
        """Return rows `[B, N, 369]` of scores `[B, N, 17, 40]` and effort `[B, N, 17]`."""
        classes, loud = scores[:, :, ::EVERY].softmax(-1), effort[:, :, ::EVERY, None]
        rows: Tensor = torch.cat((classes, loud), dim=-1)
        return rows.reshape(-1, int(scores.shape[1]), WIDTH)


class PhoneRowStep(nn.Module):
    """One row of a stream, hop by hop: plans on a GPU have no recurrent layer over several."""

    def __init__(self, rows: PhoneRows) -> None:
        super().__init__()
        self.rows = rows

    def forward(
        self, samples: Tensor, past_samples: Tensor, past_mel: Tensor, past_hidden: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Map `[B, 480]` samples to `[B, 1, 369]` as `PhoneRows` does."""
        hidden = past_hidden.transpose(0, 1).contiguous()
        pasts = (past_samples, past_mel, hidden)
        for start in range(0, (HOPS - 1) * HOP, HOP):
            _, _, *pasts = self.rows.encoder(samples[:, start : start + HOP], *pasts)
        last = samples[:, (HOPS - 1) * HOP : HOPS * HOP]
        scores, effort, *pasts = self.rows.encoder(last, *pasts)
        return self.rows.described(scores, effort), pasts[0], pasts[1], pasts[2].transpose(0, 1)


class PhoneRowsEncoder:
    """A `StreamingEncoder` that is causal; nothing of it learns."""

    sample_rate = SAMPLE_RATE
    step = 1
    right = 0
    delay = 0

    def __init__(self, encoder: Encoder) -> None:
        self.network = PhoneRows(encoder).eval().requires_grad_(False)
        rate = Fraction(TOKEN_RATE, HOPS)
        self.representation = Representation(
            "phone-rows", "labels", rate, width=WIDTH, middle=1 - AHEAD_MS * rate / 1000
        )

    def _past(self, batch: int) -> tuple[Tensor, Tensor, Tensor]:
        samples, mel, hidden = self.network.encoder.past(batch)
        return samples, mel, hidden.transpose(0, 1)

    @torch.inference_mode()
    def encode(self, speech: Sequence[NDArray[np.float32]]) -> list[NDArray[np.generic]]:
        """Encode utterances, each by itself."""
        return [self._encode(samples) for samples in speech]

    def _encode(self, samples: NDArray[np.float32]) -> NDArray[np.generic]:
        count = self.representation.rows(len(samples), SAMPLE_RATE)
        if not count:
            return np.zeros((0, WIDTH), np.float32)
        heard = torch.from_numpy(samples[: count * HOPS * HOP].copy())[None]
        rows: Tensor = self.network(heard, *self._past(1))[0][0]
        return rows.numpy()

    def networks(self) -> list[StepNetwork]:
        """Return what hears a hop."""
        names = ("past_samples", "past_mel", "past_hidden")
        pasts = {name: past.clone() for name, past in zip(names, self._past(2), strict=True)}
        example = torch.randn(2, HOPS * HOP) * 0.1
        step = PhoneRowStep(self.network).eval()
        return [StepNetwork(ENCODER, step, "samples", example, pasts, "rows")]


def load_phone_rows(folder: Path = PUBLISHED) -> PhoneRowsEncoder:
    """Open the encoder of a published model of the engine `phones`.

    Raises:
        ConfigError: the folder holds a model of another kind.
        EngineError: a file is missing or damaged.
    """
    manifest = read_manifest(folder)
    content = read_verified(folder, manifest, ENCODER)
    try:
        with tempfile.TemporaryDirectory() as temporary:
            path = Path(temporary) / ENCODER
            path.write_bytes(content)
            config, weights = read_encoder(path)
    except (KeyError, RuntimeError) as error:
        raise ConfigError(
            f"{folder} holds no model of the engine phones; leave --weights out, or name the "
            "folder of one"
        ) from error
    encoder = Encoder(config)
    encoder.load_state_dict(weights)
    return PhoneRowsEncoder(encoder)
