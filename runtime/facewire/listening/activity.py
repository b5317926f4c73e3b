"""Whether somebody speaks: silero-vad's model where it is installed, else a rule about loudness."""

from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from facewire.frames import Samples

SAMPLE_RATE = 16_000
HOP = 512
"""Samples that are judged at once: what silero-vad's model takes at 16 kHz."""
INSTALL = "pip install --no-deps silero-vad"
LOUDNESS_SENTENCE = (
    "speech is told from silence by its loudness alone, so noise may interrupt; a model that knows "
    f"speech comes with: {INSTALL}"
)
"""What is said where the model is not installed."""

_CONTEXT = 64
"""Samples of the last hop that its model wants before the next one (silero-vad, `OnnxWrapper`)."""
_MODELS = ("silero_vad_16k_op15.onnx", "silero_vad.onnx")
"""In the package's folder `data`; the first that is there."""

_QUIET_DB = -50.0
"""Full scale; nothing below is taken for speech."""
_ABOVE_DB = 10.0
"""How much louder than the room speech is."""
_FALLS, _RISES = 0.2, 0.002
"""How fast the room's loudness is learned, for a hop that is quieter, or louder."""


class SpeechActivity(Protocol):
    """Judges one stream, hop by hop. Used by one thread at a time."""

    def probability(self, hop: Samples) -> float:
        """Return how sure it is that somebody speaks in the next samples [512], 0 to 1."""
        ...


class LoudnessActivity:
    """Takes for speech what is much louder than the room has been."""

    def __init__(self) -> None:
        self._room_db = _QUIET_DB

    def probability(self, hop: Samples) -> float:
        """Return 1 or 0."""
        level_db = 10 * float(np.log10(np.mean(np.square(hop)) + 1e-10))
        speaks = level_db > max(self._room_db + _ABOVE_DB, _QUIET_DB)
        share = _FALLS if level_db < self._room_db else _RISES
        self._room_db += share * (level_db - self._room_db)
        return float(speaks)


@dataclass(slots=True)
class SileroActivity:
    """The model's judgement; its state is the stream's own, the model everybody's."""

    model: Any = field(repr=False)
    """An `onnxruntime.InferenceSession`."""
    _state: Any = field(default_factory=lambda: np.zeros((2, 1, 128), np.float32), repr=False)
    _before: Samples = field(default_factory=lambda: np.zeros(_CONTEXT, np.float32), repr=False)

    def probability(self, hop: Samples) -> float:
        """Return what the model says."""
        heard = np.concatenate([self._before, hop])[None]
        rate = np.array(SAMPLE_RATE, np.int64)
        inputs = {"input": heard, "state": self._state, "sr": rate}
        said, self._state = self.model.run(None, inputs)
        self._before = hop[-_CONTEXT:]
        return float(said[0, 0])


def has_silero() -> bool:
    """Tell whether silero-vad's model is installed; nothing is imported, least of all torch."""
    return _silero_file() is not None


def open_activity() -> SpeechActivity:
    """Return what judges one stream; the model is loaded once."""
    path = _silero_file()
    return LoudnessActivity() if path is None else SileroActivity(_load(path))


def _silero_file() -> Path | None:
    found = find_spec("silero_vad")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "data"
    return next((folder / name for name in _MODELS if (folder / name).is_file()), None)


@cache
def _load(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # the file holds constants that nobody uses, and says so
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
