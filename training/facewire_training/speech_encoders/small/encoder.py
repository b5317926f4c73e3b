"""A small encoder as it was trained, frozen."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_training.model.frontend import SAMPLE_RATE
from facewire_training.speech_encoders.small.body import STEP, BodyConfig
from facewire_training.speech_encoders.small.networks import (
    Kind,
    SmallConfig,
    SmallEncoder,
    representation_of,
)


class SmallIds:
    """The ids of a small encoder. Silence follows every utterance, so company changes nothing."""

    sample_rate = SAMPLE_RATE

    def __init__(self, network: SmallEncoder, device: str = "cpu") -> None:
        self.network = network.eval().to(device)
        self.representation = representation_of(network.config.kind)
        self._device = device

    @torch.inference_mode()
    def encode(self, speech: Sequence[NDArray[np.float32]]) -> list[NDArray[np.generic]]:
        """Encode utterances, padded to the longest."""
        counts = [self.representation.rows(len(samples), SAMPLE_RATE) for samples in speech]
        period = int(SAMPLE_RATE / self.representation.rate)
        # What is past the last whole period belongs to no row, and is heard after the last one.
        longest = -(-max(map(len, speech), default=0) // (2 * STEP)) * 2 * STEP + period
        padded = torch.zeros(len(speech), longest)
        for row, samples in zip(padded, speech, strict=True):
            row[: len(samples)] = torch.from_numpy(samples.copy())
        ids = self.network.ids(padded.to(self._device)).to(torch.int32).cpu().numpy()
        return [found[:count] for found, count in zip(ids, counts, strict=True)]


def load_small(run: Path, kind: Kind, device: str = "cpu") -> SmallIds:
    """Load a small encoder from the folder of its run.

    Raises:
        ConfigError: there is no checkpoint, or it is of another kind.
    """
    try:
        state = torch.load(run / "checkpoint.pt", weights_only=True, map_location="cpu")
        said = state["config"]
        network = SmallEncoder(SmallConfig(said["kind"], BodyConfig(**said["body"])))
        network.load_state_dict(state["network"])
    except (OSError, KeyError, RuntimeError, ValueError, EOFError) as error:
        raise ConfigError(
            f"{run} holds no small encoder; train one with "
            "facewire_training.speech_encoders.small.train"
        ) from error
    if said["kind"] != kind:
        raise ConfigError(f"{run} holds small-{said['kind']}, not small-{kind}")
    return SmallIds(network, device)
