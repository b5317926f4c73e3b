"""A small encoder as it was trained, frozen: whole utterances, and hop by hop."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from facewire.errors import ConfigError
from facewire_training.model.frontend import SAMPLE_RATE
from facewire_training.speech_encoders.encoder import Representation
from facewire_training.speech_encoders.small.body import RIGHT, STEP, BodyConfig
from facewire_training.speech_encoders.small.networks import (
    Kind,
    SmallConfig,
    SmallEncoder,
    representation_of,
)
from facewire_training.speech_encoders.streaming_encoder import ENCODER
from facewire_training.streaming.step_network import StepNetwork


class SmallStep(nn.Module):
    """One hop of a stream: samples and pasts to ids and the next pasts."""

    def __init__(self, network: SmallEncoder) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, samples: Tensor, past_samples: Tensor, past_mel: Tensor, past_hidden: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Map `[B, hop]` samples to int64 ids `[B, rows, codebooks]`.

        `past_hidden` is `[B, layers, width]`: batch first, as a graph's pasts are.
        """
        before = past_hidden.transpose(0, 1).contiguous()
        hidden, _, samples, mel, memory = self.network.body(
            samples, past_samples, past_mel, before, one_by_one=True
        )
        ids: Tensor = self.network.quantiser(self.network.rows(hidden))[0]
        return ids, samples, mel, memory.transpose(0, 1)


class SmallIds:
    """The ids of a small encoder. Silence follows every utterance, so company changes nothing."""

    sample_rate = SAMPLE_RATE
    step = 1
    """Rows of a hop."""
    right = 0

    def __init__(self, network: SmallEncoder, device: str = "cpu") -> None:
        self.network = network.eval().to(device)
        self.representation = _said_by(network.config)
        self._device = device
        self._hop = int(SAMPLE_RATE / self.representation.rate)

    @property
    def delay(self) -> int:
        """How many rows the newest row lies behind the last that was heard whole."""
        return RIGHT * STEP // self._hop

    def networks(self) -> list[StepNetwork]:
        """Return what hears a hop."""
        samples, mel, hidden = self.network.body.past(2)
        pasts = {
            "past_samples": samples,
            "past_mel": mel,
            "past_hidden": hidden.transpose(0, 1).contiguous(),
        }
        step, example = SmallStep(self.network).eval(), torch.randn(2, self._hop) * 0.1
        return [StepNetwork(ENCODER, step, "samples", example, pasts, "rows")]

    @torch.inference_mode()
    def encode(self, speech: Sequence[NDArray[np.float32]]) -> list[NDArray[np.generic]]:
        """Encode utterances, padded to the longest."""
        counts = [self.representation.rows(len(samples), SAMPLE_RATE) for samples in speech]
        # What is past the last whole period belongs to no row, and is heard after the last one.
        longest = -(-max(map(len, speech), default=0) // (2 * STEP)) * 2 * STEP + self._hop
        padded = torch.zeros(len(speech), longest)
        for row, samples in zip(padded, speech, strict=True):
            row[: len(samples)] = torch.from_numpy(samples.copy())
        ids = self.network.ids(padded.to(self._device)).to(torch.int32).cpu().numpy()
        return [found[:count] for found, count in zip(ids, counts, strict=True)]


def _said_by(config: SmallConfig) -> Representation:
    said = representation_of(config.kind)
    if not config.speaks:
        return said
    return replace(said, name=config.speaks, middle=Fraction(config.middle))


def load_small(run: Path, kind: Kind, device: str = "cpu", *, student: bool = False) -> SmallIds:
    """Load a small encoder from the folder of its run.

    Args:
        run: the folder.
        kind: which it has to be.
        device: where it runs.
        student: whether it has to be one of another tokenizer.

    Raises:
        ConfigError: there is no checkpoint, or it is of another kind.
    """
    try:
        state = torch.load(run / "checkpoint.pt", weights_only=True, map_location="cpu")
        said = state["config"]
        network = SmallEncoder(SmallConfig(**said | {"body": BodyConfig(**said["body"])}))
        network.load_state_dict(state["network"])
    except (
        OSError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
        EOFError,
        UnpicklingError,
    ) as error:
        raise ConfigError(
            f"{run} holds no small encoder; train one with "
            "facewire_training.speech_encoders.small.train"
        ) from error
    if said["kind"] != kind:
        raise ConfigError(f"{run} holds small-{said['kind']}, not small-{kind}")
    if bool(network.config.speaks) != student:
        holds = (
            f"a student of {network.config.speaks}" if network.config.speaks else f"small-{kind}"
        )
        raise ConfigError(f"{run} holds {holds}; name that encoder")
    return SmallIds(network, device)
