"""WavTokenizer (Ji et al. 2024): one codebook of 4096, 75 rows a second.

The small one for speech, `WavTokenizer_small_320_24k_4096.ckpt`. It hears 24 kHz; audio of 16 kHz,
as every other encoder takes it, is resampled within. A network of our own reads the published
weights; of those only what encodes is kept.
"""

from fractions import Fraction
from pathlib import Path

import numpy as np
import soxr
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
    size_of,
)

NAME = "wavtokenizer"
FILE = "WavTokenizer_small_320_24k_4096.ckpt"
WHAT = "WavTokenizer"
SAMPLE_RATE = 16_000
INNER_RATE = 24_000
HOP = 320
"""Samples of a row at `INNER_RATE`."""
VOCABULARY = 4096
SMALL = SeanetSize(filters=32, dimension=512, strides=(2, 4, 5, 8))
_PREFIX = "feature_extractor.encodec."


def _codec(encoder: SeanetEncoder, codebook: Codebooks, device: str, features: bool) -> Codec:
    rate = Fraction(INNER_RATE, HOP)
    representation = codec_representation(NAME, "acoustic", rate, codebook, features=features)
    return Codec(encoder, codebook, representation, SAMPLE_RATE, hear=resampled, device=device)


def resampled(batch: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return samples `[B, T]` of 16 kHz at 24 kHz, `[B, ceil(T * 1.5)]`."""
    length = -(-batch.shape[1] * INNER_RATE // SAMPLE_RATE)
    sound = np.stack([soxr.resample(samples, SAMPLE_RATE, INNER_RATE) for samples in batch])
    lacking = max(0, length - sound.shape[1])
    return np.pad(sound, ((0, 0), (0, lacking)))[:, :length]


def open_wavtokenizer(weights: Path, device: str = "cpu", *, features: bool = False) -> Codec:
    """Load the published weights.

    Args:
        weights: `WavTokenizer_small_320_24k_4096.ckpt`, or a folder that holds no other `.ckpt`.
        device: where it runs.
        features: give the vectors of the ids.

    Raises:
        ConfigError: the file is missing, damaged, of another revision or another network's.
    """
    path = checkpoint_in(weights) if weights.is_dir() else weights
    tensors = part_of(read_tensors(path, WHAT), _PREFIX)
    convolutions = seanet_tensors(part_of(tensors, "encoder."))
    size = size_of(convolutions)
    tables = codebook_tensors(part_of(tensors, "quantizer."))
    if size is None or not tables:
        raise ConfigError(f"{path} holds no encoder and codebook of WavTokenizer; take {FILE}")
    codebooks, vocabulary, _ = tables["tables"].shape
    if (size.hop, codebooks, vocabulary) != (HOP, 1, VOCABULARY):
        raise ConfigError(
            f"{path} is of another revision of WavTokenizer: {codebooks} x {vocabulary} ids, one "
            f"for every {size.hop} samples, where 1 x {VOCABULARY} and {HOP} were expected; take "
            f"{FILE}"
        )
    encoder = SeanetEncoder(size)
    load_exactly(encoder, convolutions, path, WHAT)
    codebook = Codebooks(1, VOCABULARY, size.dimension)
    load_exactly(codebook, tables, path, WHAT)
    return _codec(encoder.eval(), codebook, device, features)


def checkpoint_in(folder: Path) -> Path:
    """Return the only checkpoint in a folder.

    Raises:
        ConfigError: there is none, or several.
    """
    found = sorted(folder.glob("*.ckpt"))
    if len(found) != 1:
        raise ConfigError(
            f"{folder} holds {len(found)} files .ckpt; name the one of WavTokenizer itself"
        )
    return found[0]


def random_wavtokenizer(
    speech: NDArray[np.float32], size: SeanetSize = SMALL, seed: int = 0, *, features: bool = False
) -> Codec:
    """Return one of random weights whose codebook is spread as what it hears in `speech`."""
    encoder = random_seanet(size, seed)
    with torch.inference_mode():
        rows = encoder(torch.from_numpy(resampled(speech[None])))[0]
    return _codec(encoder, random_codebooks(1, VOCABULARY, rows, seed), "cpu", features)
