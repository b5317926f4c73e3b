"""These tests run where the frameworks are: `make agent-frameworks` makes that environment."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import facewire

collect_ignore_glob = [] if find_spec("pipecat") and find_spec("livekit") else ["test_*.py"]


@pytest.fixture(scope="session")
def speech() -> NDArray[np.int16]:
    """Ten seconds of speech at 16 kHz."""
    path = Path(facewire.__file__).with_name("assets") / "demo.flac"
    samples, _ = soundfile.read(path, dtype="int16")
    return np.asarray(samples, np.int16)
