"""SpeechTokenizer (Zhang et al. 2023): eight codebooks of 1024, 50 rows a second.

The first codebook was distilled from HuBERT, so it tells phones; the others say how it sounds. Both
its forms are here: ids, and as features the sum of their eight vectors. A network of our own reads
the published weights; of those only what encodes is kept.
"""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_training.speech_encoders.codec import Codec, codec_representation
from facewire_training.speech_encoders.networks.checkpoints import (
    load_exactly,
    part_of,
    read_tensors,
)
from facewire_training.speech_encoders.networks.codebooks import (
    Codebooks,
    codebook_tensors,
    random_codebooks,
)
from facewire_training.speech_encoders.networks.seanet import (
    SeanetEncoder,
    SeanetSize,
    random_seanet,
    seanet_tensors,
)

NAME = "speechtokenizer"
WHAT = "SpeechTokenizer"
SAMPLE_RATE = 16_000
HOP = 320
CODEBOOKS, VOCABULARY = 8, 1024
BASE = SeanetSize(
    filters=64, dimension=1024, strides=(2, 4, 5, 8), lstm_layers=2, bidirectional=True
)
"""Of `speechtokenizer_hubert_avg`."""


def _codec(encoder: SeanetEncoder, codebooks: Codebooks, device: str, features: bool) -> Codec:
    rate = Fraction(SAMPLE_RATE, HOP)
    representation = codec_representation(
        NAME, "semantic-acoustic", rate, codebooks, features=features
    )
    return Codec(encoder, codebooks, representation, SAMPLE_RATE, device=device)


def open_speechtokenizer(weights: Path, device: str = "cpu", *, features: bool = False) -> Codec:
    """Load the published weights.

    Args:
        weights: a folder with `config.json` and `SpeechTokenizer.pt`, or the latter beside its
            `config.json`.
        device: where it runs.
        features: give the sums of vectors, not ids.

    Raises:
        ConfigError: a file is missing, damaged, of another revision or another network's.
    """
    folder = weights.parent if weights.is_file() else weights
    path = weights if weights.is_file() else folder / "SpeechTokenizer.pt"
    size = _read_size(folder / "config.json")
    tensors = read_tensors(path, WHAT)
    encoder = SeanetEncoder(size)
    load_exactly(encoder, seanet_tensors(part_of(tensors, "encoder.")), path, WHAT)
    codebooks = Codebooks(CODEBOOKS, VOCABULARY, size.dimension)
    load_exactly(codebooks, codebook_tensors(part_of(tensors, "quantizer.")), path, WHAT)
    return _codec(encoder.eval(), codebooks, device, features)


def _read_size(config: Path) -> SeanetSize:
    """Return the size that a `config.json` describes."""
    if not config.is_file():
        raise ConfigError(
            f"there is no file {config}; SpeechTokenizer needs its config.json beside "
            "SpeechTokenizer.pt, from the same place"
        )
    try:
        said = json.loads(config.read_text(encoding="utf-8"))
        size = SeanetSize(
            filters=int(said["n_filters"]),
            dimension=int(said["dimension"]),
            strides=tuple(int(stride) for stride in reversed(said["strides"])),
            lstm_layers=int(said["lstm_layers"]),
            bidirectional=bool(said["bidirectional"]),
        )
        shared = {
            "sample_rate": (said["sample_rate"], SAMPLE_RATE),
            "samples a row": (size.hop, HOP),
            "n_q": (said["n_q"], CODEBOOKS),
            "codebook_size": (said["codebook_size"], VOCABULARY),
            "activation": (said["activation"], "ELU"),
            "n_residual_layers": (said["n_residual_layers"], 1),
            "residual_kernel_size": (said["residual_kernel_size"], 3),
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{config} is not the config.json of SpeechTokenizer ({type(error).__name__}: {error})"
        ) from error
    for name, (found, wanted) in shared.items():
        if found != wanted:
            raise ConfigError(
                f"{config} is of another revision of SpeechTokenizer: {name} is {found}, not "
                f"{wanted}; take speechtokenizer_hubert_avg"
            )
    return size


def random_speechtokenizer(
    speech: NDArray[np.float32], size: SeanetSize = BASE, seed: int = 0, *, features: bool = False
) -> Codec:
    """Return one of random weights whose codebooks are spread as what they hear in `speech`."""
    encoder = random_seanet(size, seed)
    with torch.inference_mode():
        rows = encoder(torch.from_numpy(speech)[None])[0]
    codebooks = random_codebooks(CODEBOOKS, VOCABULARY, rows, seed)
    return _codec(encoder, codebooks, "cpu", features)
