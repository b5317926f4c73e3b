"""Sounds that the tests of the runtime share."""

import numpy as np
import pytest
from scipy.signal import lfilter

from facewire.frames import Samples

SAMPLE_RATE = 16_000


@pytest.fixture(scope="session")
def speech_like() -> Samples:
    """Three seconds at 16 kHz that never repeat, with the pitch and syllables of a voice."""
    random = np.random.default_rng(7)
    count = 3 * SAMPLE_RATE
    seconds = np.arange(count) / SAMPLE_RATE
    pitch_hz = 120 + 25 * np.sin(2 * np.pi * 0.7 * seconds) + 6 * np.sin(2 * np.pi * 2.3 * seconds)
    phase = np.cumsum(pitch_hz) / SAMPLE_RATE
    voice = np.diff(np.floor(phase), prepend=0.0) + 0.02 * random.standard_normal(count)
    for formant_hz, width_hz in ((600, 80), (1500, 120), (2600, 200)):
        radius = np.exp(-np.pi * width_hz / SAMPLE_RATE)
        angle = 2 * np.pi * formant_hz / SAMPLE_RATE
        voice = lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], voice)
    syllables = np.clip(np.sin(2 * np.pi * 2.1 * seconds + np.sin(5 * seconds)), 0.05, 1)
    sound = voice * syllables
    samples: Samples = (0.5 * sound / np.abs(sound).max()).astype(np.float32)
    return samples
