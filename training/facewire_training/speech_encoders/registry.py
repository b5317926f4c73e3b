"""Speech encoders by the names that commands call them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from facewire.errors import ConfigError
from facewire_training.speech_encoders.encoder import SpeechEncoder

if TYPE_CHECKING:
    from facewire_training.speech_encoders.small.networks import Kind


def _open_whisper(weights: Path | None, device: str) -> SpeechEncoder:
    from facewire_training.data.teacher.whisper import installed_model
    from facewire_training.speech_encoders.whisper import load_whisper

    if device != "cpu":
        raise ConfigError("whisper-tiny.en is small: it runs on the processor only; leave --device")
    return load_whisper(weights or installed_model())


def _open_small(kind: "Kind") -> Callable[[Path | None, str], SpeechEncoder]:
    def open_it(weights: Path | None, device: str) -> SpeechEncoder:
        from facewire_training.speech_encoders.small.encoder import load_small

        if weights is None:
            raise ConfigError(
                f"small-{kind} is trained by whoever wants it: name the folder of its run with "
                "--weights (training/README.md)"
            )
        return load_small(weights, kind, device)

    return open_it


ENCODERS: dict[str, Callable[[Path | None, str], SpeechEncoder]] = {
    "whisper-tiny.en": _open_whisper,
    "small-acoustic": _open_small("acoustic"),
    "small-codec": _open_small("codec"),
    "small-labels": _open_small("labels"),
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
