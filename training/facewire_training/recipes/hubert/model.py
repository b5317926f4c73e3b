"""The four networks of the engine `hubert`, put together from a HuBERT and a face decoder."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from facewire_training.bundled_speech import bundled_speech
from facewire_training.recipes.hubert.front_end import StreamedFrontEnd
from facewire_training.recipes.hubert.window import StreamedHubert, WindowedHubert, all_known
from facewire_training.speech_encoders.networks.hubert_checkpoints import (
    HOP,
    SAMPLE_RATE,
    SIZES,
    load_hubert,
    random_hubert,
)
from facewire_training.streaming.face_decoder import FaceDecoderConfig, FaceMemory, FaceQuery

RANDOM_FACE = {"tiny": {"width": 32, "layers": 2, "memory": 20}}
"""Sizes of face decoders other than the usual one."""
SPREAD = 0.2
"""Standard deviation of a random decoder's weights over the bundled clip."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A HuBERT, and what has to be known to feed it."""

    name: str
    hubert: Any
    normalised: bool
    random: bool


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose a HuBERT to a command."""
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument(
        "--weights",
        metavar="WHERE",
        help="a folder with config.json and weights, or a name in the hub's cache on this machine",
    )
    choice.add_argument("--random", choices=tuple(SIZES), help="random weights, of this size")


def checkpoint_of(arguments: argparse.Namespace) -> Checkpoint:
    """Load the HuBERT that a command's options ask for.

    Raises:
        ConfigError: its weights are not on this machine.
    """
    if arguments.random:
        return random_checkpoint(arguments.random)
    model, normalised = load_hubert(arguments.weights)
    return Checkpoint(str(arguments.weights), model, normalised, random=False)


def random_checkpoint(size: str) -> Checkpoint:
    """Return a HuBERT of random weights, of a size from `SIZES`."""
    return Checkpoint(size, random_hubert(size), normalised=True, random=True)


@dataclass(frozen=True, slots=True)
class FaceModel:
    """Everything between samples and weights."""

    front_end: StreamedFrontEnd
    hubert: WindowedHubert
    memory: FaceMemory
    query: FaceQuery

    @property
    def networks(self) -> Iterator[nn.Module]:
        """All four."""
        yield from (self.front_end, self.hubert, self.memory, self.query)


def untrained_face(checkpoint: Checkpoint, layers: int | None = None) -> FaceModel:
    """Put a HuBERT and a face decoder of random weights together.

    The decoder's last layer is scaled so that its faces move, and stay within the weights' range,
    on the bundled clip.
    """
    speech = bundled_speech()
    model = checkpoint.hubert
    front_end = StreamedFrontEnd(model, speech, normalised=checkpoint.normalised)
    hubert = WindowedHubert(model, layers)
    sizes = RANDOM_FACE.get(checkpoint.name, {}) if checkpoint.random else {}
    config = FaceDecoderConfig(features=model.config.hidden_size, **sizes)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        face = FaceModel(front_end, hubert, FaceMemory(config), FaceQuery(config))
        for network in face.networks:
            network.eval()
        _spread_weights(face, speech[: 3 * SAMPLE_RATE // HOP * HOP])
    return face


def _spread_weights(face: FaceModel, speech: Tensor) -> None:
    """Scale the last layer so that each weight's mean is 0.4 and its deviation `SPREAD`."""
    features = face.front_end(speech[None], *face.front_end.past(1))[0]
    encoded = face.hubert.hidden(features, all_known(features))[-1]
    memory = face.memory(encoded, all_known(encoded), *face.memory.past(1))[0][0]
    reach = face.query.config.reach
    windows = memory.unfold(0, reach, 1).transpose(1, 2)  # [T, reach, D]
    ages = torch.arange(reach - 1, -1, -1).float().expand(len(windows), -1)
    known = all_known(windows)
    raw = face.query.raw(windows, ages[:, None], known[:, None], ages[:, -1:])[:, 0]
    gain = SPREAD / raw.std(0)
    head = face.query.head
    head.weight.mul_(gain[:, None])
    head.bias.copy_(0.4 + (head.bias - raw.mean(0)) * gain)


def streamed(face: FaceModel, window: int, rows: int) -> StreamedHubert:
    """Return the Transformer of a face model as a step of a stream."""
    return StreamedHubert(face.hubert, window, rows).eval()
