"""From phones with times, on a voice's own clock, to speech on the clock of tokens.

That clock is 16 kHz, with a class of `facewire_engines.phones.phone_set.PHONES` for each 10 ms.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from facewire.frames import Samples
from facewire.speaking.voice import Span
from facewire_engines.hearing.hop_intake import SAMPLE_RATE
from facewire_engines.phones.geometry import HOP
from facewire_engines.phones.phone_set import INDEX, PHONES


@dataclass(frozen=True, slots=True)
class TimedPhone:
    """One phone, on the clock of the samples that it was spoken in."""

    start: float
    """Samples; a mark that stands for several phones is shared out evenly."""
    end: float
    """Samples; after `start`."""
    phone: int
    """Class in `facewire_engines.phones.phone_set.PHONES`."""


def token_samples(samples: Samples, sample_rate: int) -> Samples:
    """Return sound at 16 kHz, in [-1, 1], with silence to the next whole token."""
    resampled = soxr.resample(samples, sample_rate, SAMPLE_RATE)
    padded: Samples = np.zeros(-(-len(resampled) // HOP) * HOP, np.float32)
    padded[: len(resampled)] = np.clip(resampled, -1, 1)
    return padded


def phone_spans(phones: Iterable[TimedPhone], sample_rate: int) -> tuple[Span, ...]:
    """Return the phones at 16 kHz, without those that are too short to have a sample."""
    rounded = (
        Span(PHONES[p.phone], resampled(p.start, sample_rate), resampled(p.end, sample_rate))
        for p in phones
    )
    return tuple(span for span in rounded if span.end > span.start)


def resampled(sample: float, sample_rate: int) -> int:
    """Return the same moment at 16 kHz."""
    return round(sample * SAMPLE_RATE / sample_rate)


def phone_tokens(phones: Sequence[Span], count: int) -> NDArray[np.int32]:
    """Return the class at the centre of each of `count` tokens."""
    ids = np.full(count, INDEX["sil"], np.int32)
    for phone in phones:
        ids[_centred(phone.start) : _centred(phone.end)] = INDEX[phone.label]
    return ids


def _centred(sample: int) -> int:
    """Return the first token whose centre is not before the sample."""
    return max(0, -(-(sample - HOP // 2) // HOP))
