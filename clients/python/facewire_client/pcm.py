"""Samples of a program, into the PCM that goes into messages."""

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from facewire.audio.format import AudioFormat
from facewire.wire.binary import encode_samples

MESSAGE_SAMPLES = 8_192
"""Longer runs are sent in several messages, so that frames come while audio still goes."""


def pcm_runs(samples: NDArray[Any], audio: AudioFormat) -> Iterator[tuple[bytes, int]]:
    """Yield what goes into one message each, and how many samples of each channel that is.

    Args:
        samples: `[T]` or `[T, channels]`, float in [-1, 1] or int16.
        audio: what was opened.

    Raises:
        ValueError: the samples have another number of channels, or another type.
    """
    columns = 1 if samples.ndim == 1 else samples.shape[-1]
    if samples.ndim > 2 or columns != audio.channels:
        raise ValueError(f"expected {audio.channels} channel(s), got {samples.shape}")
    for start in range(0, len(samples), MESSAGE_SAMPLES):
        run = samples[start : start + MESSAGE_SAMPLES]
        yield encode_samples(run, audio.encoding), len(run)
