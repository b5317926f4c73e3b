"""Golden streams: what two back-ends have to say the same about, always the same samples."""

from collections.abc import Iterator
from importlib import resources
from itertools import cycle

import numpy as np
import soundfile

from facewire.frames import AudioChunk, Samples

SAMPLE_RATE = 16_000
SECONDS = 4
CHUNKS = (160, 1, 479, 2_000, 33)
"""Sizes that audio comes in, over and over."""


def golden_speech() -> Samples:
    """Return the bundled clip, `[T]` at 16 kHz."""
    with resources.as_file(resources.files("facewire") / "assets" / "demo.flac") as path:
        samples, rate = soundfile.read(path, dtype="float32")
    assert rate == SAMPLE_RATE
    return np.asarray(samples, np.float32)


def golden_streams(speech: Samples) -> dict[str, Samples]:
    """Return streams by name, each `[T]` at 16 kHz.

    Args:
        speech: real speech at 16 kHz; some of it also comes back too loud, and cut off.
    """
    return {
        "speech": speech,
        "shouting": np.clip(8 * speech[: SECONDS * SAMPLE_RATE], -1, 1),
        "noise": _noise(),
        "vowels": _vowels(),
    }


def chunks_of(samples: Samples) -> Iterator[AudioChunk]:
    """Yield a stream in chunks of many sizes."""
    start = 0
    for size in cycle(CHUNKS):
        if start >= len(samples):
            return
        yield AudioChunk(samples[start : start + size], start, SAMPLE_RATE)
        start += size


def _noise() -> Samples:
    """Return noise that swells from nothing, with pauses that are really silent."""
    time = np.arange(SECONDS * SAMPLE_RATE) / SAMPLE_RATE
    noise = np.random.default_rng(1).standard_normal(len(time))
    loudness = 0.3 * time / SECONDS * (np.sin(2 * np.pi * 1.5 * time) > 0)
    return np.clip(noise * loudness, -1, 1).astype(np.float32)


def _vowels() -> Samples:
    """Return a buzz of 120 Hz whose two resonances wander, as those of vowels do."""
    time = np.arange(SECONDS * SAMPLE_RATE) / SAMPLE_RATE
    first = 500 + 250 * np.sin(2 * np.pi * 0.7 * time)
    second = 1500 + 700 * np.sin(2 * np.pi * 0.45 * time)
    sound = np.zeros(len(time))
    for harmonic in range(1, 40):
        hz = 120.0 * harmonic
        gain = np.exp(-(((hz - first) / 120) ** 2)) + 0.5 * np.exp(-(((hz - second) / 180) ** 2))
        sound += gain * np.sin(2 * np.pi * hz * time)
    return np.asarray(0.2 * sound / np.abs(sound).max(), np.float32)
