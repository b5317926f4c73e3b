"""Voices of Facewire's own for agents, whatever framework they are built with."""

import logging

from facewire.errors import ConfigError
from facewire.speaking.voice import Voice
from facewire.speaking.voices import NATURAL, check_local_voice, default_voice, load_local_voice

logger = logging.getLogger(__name__)


def load_own_voice(voice: str, *, language: str, rate: int, pitch: int) -> Voice:
    """Load a voice, and log which one it is.

    Args:
        voice: its name, as `--voice` takes it; empty: the one that `say` speaks with.
        language: such as "en-us".
        rate: words a minute.
        pitch: 0 to 100.

    Raises:
        ConfigError: there is no such voice or language, or its library is not installed.
    """
    loaded = load_local_voice(language=language, voice=voice, rate=rate, pitch=pitch)
    name = voice or default_voice(language)
    if not voice and name != NATURAL and (missing := _missing(language)):
        logger.warning(
            "the agent speaks with the voice %s: %s (words with times help its face less, too)",
            name, missing,
        )  # fmt: skip
    else:
        logger.info("the agent speaks with the voice %s", name)
    return loaded


def _missing(language: str) -> str:
    """Return why there is no natural voice; empty if there is one, or none for the language."""
    if not language.lower().startswith("en"):
        return ""
    try:
        check_local_voice(NATURAL)
    except ConfigError as error:
        return str(error)
    return ""
