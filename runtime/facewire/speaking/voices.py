"""Looks voices up, and decoders for their tokens, when a command needs them."""

from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction
from importlib import import_module
from typing import Any, Protocol

from facewire.clock import Clock
from facewire.errors import ConfigError, EngineError
from facewire.speaking.voice import TokenSession, Voice
from facewire.stream.engine import Engine
from facewire.tokens import TokenSpace

EMBEDDED_SPACE = "phones"
"""The name of the tokens that the embedded voice gives, and that the embedded model takes."""


class TokenDecoder(Protocol):
    """The part of a loaded model that turns tokens into faces. Immutable, and shared."""

    @property
    def space(self) -> TokenSpace:
        """What tokens it takes."""
        ...

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


def load_local_voice(*, language: str, voice: str, rate: int, pitch: int) -> Voice:
    """Load a voice as `load_voice` does, or one that only this machine's user may ask for.

    `cosyvoice:FILE.toml` reads files and may start programs, so it is not for what comes over a
    network. A voice that is a context manager lets go of what it holds when it is left.

    Raises:
        ConfigError: there is no such voice or file, or what makes it cannot be reached.
        EngineError: what makes it does not fit.
    """
    registry = _import("facewire_engines.voices.registry")
    loaded: Voice = registry.load_local(language=language, voice=voice, rate=rate, pitch=pitch)
    return loaded


def check_local_voice(voice: str) -> None:
    """See whether a voice that `load_local_voice` takes is there, without starting anything.

    Raises:
        ConfigError: there is no such voice or file, or its library is not installed.
    """
    _import("facewire_engines.voices.registry").check_local(voice)


def embedded_languages() -> dict[str, str]:
    """Return the languages of the embedded voice by their codes: what each is called.

    Raises:
        ConfigError: its library is not installed.
    """
    found: dict[str, str] = _import("facewire_engines.voices.registry").embedded_languages()
    return found


def embedded_voices() -> list[str]:
    """Return the names of the voices that any of these languages can be spoken with.

    Raises:
        ConfigError: its library is not installed.
    """
    found: list[str] = _import("facewire_engines.voices.registry").embedded_voices()
    return found


def holding(voice: Voice) -> AbstractContextManager[object]:
    """Return what lets go of all that a voice holds, such as a process, when it is left."""
    return voice if isinstance(voice, AbstractContextManager) else nullcontext()


def voice_decoder(engine: Engine, voice: Voice) -> TokenDecoder:
    """Return what drives a face from the tokens of a voice: its own decoder, or the engine's.

    Raises:
        ConfigError: the engine cannot.
    """
    own: TokenDecoder | None = getattr(voice, "decoder", None)
    return own or token_decoder(engine, voice.space.name)


def token_decoder(engine: Engine, space: str = EMBEDDED_SPACE) -> TokenDecoder:
    """Return what drives a face from tokens, by default those of the embedded voice.

    Raises:
        ConfigError: the engine cannot, or nothing here knows tokens of that space.
    """
    decoder: TokenDecoder = _import("facewire_engines.phones.token_session").token_decoder(engine)
    if decoder.space.name != space:
        raise ConfigError(
            f"there is no decoder for tokens of {space[:40]!r}; send those of "
            f"{decoder.space.name!r}, or audio without tokens"
        )
    return decoder


def _import(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise EngineError(
            f"the engines cannot be loaded ({error}); install Facewire again"
        ) from error
