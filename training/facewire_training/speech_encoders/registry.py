"""Speech encoders by the names that commands call them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_training.speech_encoders.encoder import SpeechEncoder

if TYPE_CHECKING:
    from facewire_training.speech_encoders.small.networks import Kind

Open = Callable[[Path | None, str], SpeechEncoder]
"""Opens an encoder from its weights, or from where it knows them to be, on a device."""


def _open_whisper(weights: Path | None, device: str) -> SpeechEncoder:
    from facewire_training.data.teacher.whisper import installed_model
    from facewire_training.speech_encoders.whisper import load_whisper

    if device != "cpu":
        raise ConfigError("whisper-tiny.en is small: it runs on the processor only; leave --device")
    return load_whisper(weights or installed_model())


def _open_small(kind: "Kind") -> Open:
    def open_it(weights: Path | None, device: str) -> SpeechEncoder:
        from facewire_training.speech_encoders.small.encoder import load_small

        if weights is None:
            raise ConfigError(
                f"small-{kind} is trained by whoever wants it: name the folder of its run with "
                "--weights (docs/representations.md)"
            )
        return load_small(weights, kind, device)

    return open_it


def _open_hubert(weights: Path | None, device: str) -> SpeechEncoder:
    from facewire_training.speech_encoders.hubert import open_hubert

    return open_hubert(weights or _stored("hubert", "config.json"), device)


def _open_speechtokenizer(*, features: bool) -> Open:
    def open_it(weights: Path | None, device: str) -> SpeechEncoder:
        from facewire_training.speech_encoders.speechtokenizer import open_speechtokenizer

        found = weights or _stored("speechtokenizer", "SpeechTokenizer.pt")
        return open_speechtokenizer(found, device, features=features)

    return open_it


def _open_wavtokenizer(*, features: bool) -> Open:
    def open_it(weights: Path | None, device: str) -> SpeechEncoder:
        from facewire_training.speech_encoders.wavtokenizer import FILE, open_wavtokenizer

        found = weights or _stored("wavtokenizer", FILE)
        return open_wavtokenizer(found, device, features=features)

    return open_it


def _open_s3(*, features: bool) -> Open:
    def open_it(weights: Path | None, device: str) -> SpeechEncoder:
        from facewire_training.speech_encoders.s3 import FILE, open_s3

        return open_s3(weights or _stored("cosyvoice2", FILE), device, features=features)

    return open_it


def _open_student(weights: Path | None, device: str) -> SpeechEncoder:
    from facewire_training.speech_encoders.small.encoder import load_small

    if weights is None:
        raise ConfigError(
            "a student is trained by whoever wants it: name the folder of its run with --weights "
            "(docs/speech-encoders.md)"
        )
    return load_small(weights, "labels", device, student=True)


def _open_phone_rows(weights: Path | None, device: str) -> SpeechEncoder:
    from facewire_training.speech_encoders.phone_rows import PUBLISHED, load_phone_rows

    if device != "cpu":
        raise ConfigError("phone-rows is small: it runs on the processor only; leave --device")
    return load_phone_rows(weights or PUBLISHED)


def _stored(model: str, file: str) -> Path:
    """Return a file that `facewire models pull` got.

    Raises:
        EngineError: it is not here; the message says how to get it.
    """
    from facewire_engines.store.published import find_model
    from facewire_engines.store.record import stored_file

    return stored_file(find_model(model), file)


ENCODERS: dict[str, Open] = {
    "hubert": _open_hubert,
    "speechtokenizer": _open_speechtokenizer(features=False),
    "speechtokenizer-features": _open_speechtokenizer(features=True),
    "wavtokenizer": _open_wavtokenizer(features=False),
    "wavtokenizer-features": _open_wavtokenizer(features=True),
    "cosyvoice2": _open_s3(features=False),
    "cosyvoice2-features": _open_s3(features=True),
    "whisper-tiny.en": _open_whisper,
    "small-acoustic": _open_small("acoustic"),
    "small-codec": _open_small("codec"),
    "small-labels": _open_small("labels"),
    "student": _open_student,
    "phone-rows": _open_phone_rows,
}
"""The four of the paper, as ids and as features, small ones that really exist, and our own."""


def open_encoder(name: str, weights: Path | None = None, device: str = "cpu") -> SpeechEncoder:
    """Open an encoder.

    Args:
        name: one of `ENCODERS`.
        weights: a file or folder; by default where the encoder knows its own, which for the four of
            the paper is what `facewire models pull` got.
        device: `cpu`, `cuda` or `cuda:1`.

    Raises:
        ConfigError: there is none of that name, its weights are missing, damaged or another's, or
            there is no such device.
        EngineError: it is one of the paper's, and its weights were neither named nor pulled.
    """
    if name not in ENCODERS:
        raise ConfigError(f"there is no encoder {name!r}; choose from {', '.join(ENCODERS)}")
    return ENCODERS[name](weights, device)


def _random_hubert(_: NDArray[np.float32]) -> SpeechEncoder:
    from facewire_training.speech_encoders.hubert import random_hubert_features

    return random_hubert_features()


def _random_speechtokenizer(speech: NDArray[np.float32]) -> SpeechEncoder:
    from facewire_training.speech_encoders.speechtokenizer import random_speechtokenizer

    return random_speechtokenizer(speech)


def _random_wavtokenizer(speech: NDArray[np.float32]) -> SpeechEncoder:
    from facewire_training.speech_encoders.wavtokenizer import random_wavtokenizer

    return random_wavtokenizer(speech)


def _random_s3(speech: NDArray[np.float32]) -> SpeechEncoder:
    from facewire_training.speech_encoders.s3 import random_s3_tokenizer

    return random_s3_tokenizer(speech)


RANDOM: dict[str, Callable[[NDArray[np.float32]], SpeechEncoder]] = {
    "hubert": _random_hubert,
    "speechtokenizer": _random_speechtokenizer,
    "wavtokenizer": _random_wavtokenizer,
    "cosyvoice2": _random_s3,
}
"""Those of the paper with random weights in the published size, whose ids are spread in `speech`
(`[T]` at 16 kHz)."""
