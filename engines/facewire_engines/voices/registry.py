"""Voices by the names that the command line knows."""

from pathlib import Path

from facewire.speaking.voice import Voice
from facewire_engines.hearing.hop_intake import SAMPLE_RATE
from facewire_engines.phones.engine import load_embedded
from facewire_engines.voices.cosyvoice.settings import read_settings
from facewire_engines.voices.cosyvoice.voice import CosyVoice
from facewire_engines.voices.espeak.library import language_names, variants
from facewire_engines.voices.espeak.voice import EspeakVoice
from facewire_engines.voices.heard import HeardVoice

COSYVOICE = "cosyvoice:"
"""What a voice is called that is described by a file, before the file."""


def load(*, language: str, voice: str, rate: int, pitch: int) -> Voice:
    """Load the embedded voice, which any client may ask for.

    Raises:
        ConfigError: its library is not installed, or lacks the voice or the language.
    """
    return EspeakVoice(language, voice, rate, pitch)


def embedded_languages() -> dict[str, str]:
    """Return the languages of the embedded voice by their codes: what each is called.

    Raises:
        ConfigError: its library is not installed.
    """
    return dict(sorted(language_names().items()))


def embedded_voices() -> list[str]:
    """Return the names of the voices that any of these languages can be spoken with.

    Raises:
        ConfigError: its library is not installed.
    """
    return sorted(variants(), key=str.casefold)


def load_local(*, language: str, voice: str, rate: int, pitch: int) -> Voice:
    """Load a voice for whoever sits at this machine: one that reads files and starts programs too.

    `cosyvoice:FILE.toml` is CosyVoice2 or 3. Without a decoder of its own in that file, it is
    listened to.

    Raises:
        ConfigError: there is no such voice or file, or its worker cannot be reached or started.
        EngineError: its worker or its decoder does not fit.
    """
    if not voice.lower().startswith(COSYVOICE):
        return load(language=language, voice=voice, rate=rate, pitch=pitch)
    settings = read_settings(Path(voice[len(COSYVOICE) :]))
    if settings.decoder:
        return CosyVoice(settings)
    return HeardVoice(CosyVoice(settings, sample_rate=SAMPLE_RATE), load_embedded())


def check_local(voice: str) -> None:
    """See whether a voice that `load_local` takes is there, without starting or reaching anything.

    Raises:
        ConfigError: there is no such voice or file, or the file is not as it should be.
    """
    if voice.lower().startswith(COSYVOICE):
        read_settings(Path(voice[len(COSYVOICE) :]))
    else:
        EspeakVoice(voice=voice)
