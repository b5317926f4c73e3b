"""Looks voices up, and decoders for their tokens, when a command needs them."""

from fractions import Fraction
from importlib import import_module
from typing import Any, Protocol

from facewire.clock import Clock
from facewire.engine import Engine
from facewire.errors import EngineError
from facewire.speech import TokenSession, Voice


class TokenDecoder(Protocol):
    """The part of a loaded model that turns tokens into faces. Immutable, and shared."""

    def session(
        self, *, frame_rate: Fraction, lookahead_ms: float, clock: Clock | None = None
    ) -> TokenSession:
        """Open a stream.

        Raises:
            ConfigError: the model cannot do this frame rate or look-ahead.
        """
        ...


def load_voice(*, language: str, voice: str, rate: int, pitch: int) -> Voice:
    """Load a voice.

    Args:
        language: a code such as `en-us`.
        voice: its name; empty is the language's own.
        rate: words a minute.
        pitch: 0 to 100.

    Raises:
        ConfigError: its library is not installed, or lacks the voice or the language.
    """
    registry = _import("facewire_engines.voices.registry")
    loaded: Voice = registry.load(language=language, voice=voice, rate=rate, pitch=pitch)
    return loaded


def token_decoder(engine: Engine) -> TokenDecoder:
    """Return what drives a face from the tokens of the embedded voice.

    Raises:
        ConfigError: the engine cannot.
    """
    decoder: TokenDecoder = _import("facewire_engines.token_session").token_decoder(engine)
    return decoder


def _import(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise EngineError(
            f"the engines cannot be loaded ({error}); install Facewire again"
        ) from error
