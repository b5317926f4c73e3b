"""Voices by the names that the command line knows."""

from facewire.speech import Voice
from facewire_engines.voices.espeak import EspeakVoice


def load(*, language: str, voice: str, rate: int, pitch: int) -> Voice:
    """Load the embedded voice; other TTS will be chosen here by the name of the voice.

    Raises:
        ConfigError: its library is not installed, or lacks the voice or the language.
    """
    return EspeakVoice(language, voice, rate, pitch)
