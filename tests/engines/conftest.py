"""Real speech for the tests of engines: the bundled clip."""

from importlib import resources

import pytest
import soundfile

from facewire.frames import Samples


@pytest.fixture(scope="session")
def speech() -> Samples:
    """Return the bundled clip: 9.6 s of speech at 16 kHz."""
    with resources.as_file(resources.files("facewire") / "assets" / "demo.flac") as path:
        samples, rate = soundfile.read(path, dtype="float32")
    assert rate == 16_000
    result: Samples = samples
    return result
