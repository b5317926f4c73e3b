"""Speech encoders by the names that commands call them."""

from collections.abc import Callable
from pathlib import Path

from facewire.errors import ConfigError
from facewire_training.speech_encoders.encoder import SpeechEncoder


def _open_whisper(weights: Path | None, device: str) -> SpeechEncoder:
    from facewire_training.data.teacher.whisper import installed_model
    from facewire_training.speech_encoders.whisper import load_whisper

    if device != "cpu":
        raise ConfigError("whisper-tiny.en is small: it runs on the processor only; leave --device")
    return load_whisper(weights or installed_model())


ENCODERS: dict[str, Callable[[Path | None, str], SpeechEncoder]] = {
    "whisper-tiny.en": _open_whisper,
}
"""Each opens an encoder from its weights, or None, on a device."""


def open_encoder(name: str, weights: Path | None = None, device: str = "cpu") -> SpeechEncoder:
    """Open an encoder.

    Raises:
        ConfigError: there is none of that name, or its weights are missing or another's.
    """
    if name not in ENCODERS:
        raise ConfigError(f"there is no encoder {name!r}; choose from {', '.join(ENCODERS)}")
    return ENCODERS[name](weights, device)
