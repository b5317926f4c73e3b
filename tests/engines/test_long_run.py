"""An hour of audio, as fast as it goes: frames exact, memory flat."""

import math
from fractions import Fraction

import numpy as np
import psutil
import pytest

from facewire.face import make_face
from facewire.frames import AudioChunk, Samples
from facewire_engines.phones.engine import load_embedded

HOUR = 16_000 * 3600
BLOCK = 16_000
ALLOWED_GROWTH_BYTES = 20_000_000
FRAME_RATE = Fraction(30_000, 1001)
"""No whole number of samples a frame, nor of frames an hour."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_hour_does_not_drift_and_memory_is_flat(speech: Samples) -> None:
    loop = np.resize(speech, 10 * BLOCK)
    session = load_embedded().session(frame_rate=FRAME_RATE)
    face = make_face(session.spec)
    process = psutil.Process()
    count, resident = 0, 0
    for start in range(0, HOUR, BLOCK):
        offset = start % len(loop)
        chunk = AudioChunk(loop[offset : offset + BLOCK], start, 16_000)
        for frame in session.push(chunk):
            shown = face.apply(frame)
            assert frame.index == count
            assert frame.timestamp == count * 16_000 // FRAME_RATE
            assert np.isfinite(shown.weights).all()
            count += 1
        if start == 60 * BLOCK:
            resident = process.memory_info().rss
    count += len(session.flush())
    assert count == math.ceil(3600 * FRAME_RATE)
    assert process.memory_info().rss - resident < ALLOWED_GROWTH_BYTES
