"""Utterances on their way into a network: checked, several in a run, and their rows cut to size.

What a convolution that mirrors its input, a norm over time or an LSTM that runs backwards makes of
a row depends on where the utterance ends. So only utterances of equal length share a run, and
nobody is padded.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_training.speech_encoders.encoder import Representation

AT_ONCE = 8
"""Utterances in one run."""

Run = Callable[[NDArray[np.float32]], NDArray[np.generic]]
"""Maps samples `[B, T]` to rows `[B, N, W]`, at least as many as `Representation.rows` says."""


def check_utterances(speech: Sequence[NDArray[np.float32]]) -> None:
    """Complain about audio that no encoder can hear.

    Raises:
        ConfigError: an utterance is empty, not mono, or not all finite numbers.
    """
    for number, samples in enumerate(speech):
        if samples.ndim != 1:
            raise ConfigError(
                f"utterance {number} has the shape {samples.shape}; an encoder hears one channel"
            )
        if len(samples) == 0:
            raise ConfigError(f"utterance {number} is empty; leave it out")
        if not np.isfinite(samples).all():
            place = int(np.argmin(np.isfinite(samples)))
            raise ConfigError(
                f"utterance {number} is no sound at sample {place} ({samples[place]}); repair the "
                "recording or leave it out"
            )


def by_length(
    lengths: Sequence[int], at_once: int = AT_ONCE
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield lengths with the numbers of some utterances that have it, each utterance once."""
    alike: defaultdict[int, list[int]] = defaultdict(list)
    for number, length in enumerate(lengths):
        alike[length].append(number)
    for length, numbers in alike.items():
        for first in range(0, len(numbers), at_once):
            yield length, tuple(numbers[first : first + at_once])


def encode_by_length(
    speech: Sequence[NDArray[np.float32]],
    representation: Representation,
    sample_rate: int,
    run: Run,
) -> list[NDArray[np.generic]]:
    """Encode utterances as `SpeechEncoder.encode` does, those of equal length in one run.

    Raises:
        ConfigError: an utterance is no sound, or the GPU's memory is too small for a run.
    """
    check_utterances(speech)
    rows: list[NDArray[np.generic]] = [empty_rows(representation)] * len(speech)
    for length, numbers in by_length([len(samples) for samples in speech]):
        count = representation.rows(length, sample_rate)
        if count == 0:
            continue
        samples = np.stack([speech[number] for number in numbers]).astype(np.float32, copy=False)
        with exact_run(samples.shape):
            found = run(samples)
        for number, row in zip(numbers, found, strict=True):
            rows[number] = row[:count]
    return rows


def empty_rows(representation: Representation) -> NDArray[np.generic]:
    """Return the rows of sound that is shorter than one period: none."""
    wide = representation.codebooks or representation.width
    return np.zeros((0, wide), np.int32 if representation.is_ids else np.float32)


@contextmanager
def exact_run(shape: Sequence[int]) -> Iterator[None]:
    """Run a network without gradients, and in full precision on a GPU, too.

    Args:
        shape: of what goes in, for the complaint.

    Raises:
        ConfigError: the GPU's memory is too small.
    """
    try:
        # A GPU that rounds its inputs to 10 bits would choose other ids than the processor.
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            yield
    except torch.OutOfMemoryError as error:
        raise ConfigError(
            f"the GPU's memory is too small for a run of shape {tuple(shape)}; give fewer or "
            "shorter utterances at once, or encode with --device cpu"
        ) from error


def torch_device(name: str) -> torch.device:
    """Return a device of torch.

    Raises:
        ConfigError: there is no such device here.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"there is no device {name!r}; choose cpu or cuda") from error
    if device.type not in ("cpu", "cuda"):
        raise ConfigError(f"encoders do not run on {name!r}; choose cpu or cuda")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(
            f"torch finds no GPU {name!r} here; choose cpu, or install torch for CUDA"
        )
    return device
