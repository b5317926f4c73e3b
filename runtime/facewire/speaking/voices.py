"""Voices by name, and what turns their tokens into faces."""

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache

from facewire.errors import BrokenPackageError, ConfigError
from facewire.plugins import find_plugin, has_plugin, plugins
from facewire.speaking.voice import (
    CheckableLoader,
    FaceSource,
    LatentVoice,
    TokenDecoder,
    TokenEngine,
    Voice,
    VoiceRequest,
)
from facewire.stream.engine import Engine
from facewire.toml_file import nearest

logger = logging.getLogger(__name__)

NATURAL = "hibari"
"""The voice that is meant where none is named, if it is installed and speaks the language."""
EMBEDDED = "espeak"
"""The voice that is meant otherwise; a name that is no other voice's is a variant of it."""
EMBEDDED_SPACE = "phones"
"""The name of the tokens that the embedded voice gives, and that the embedded model takes."""


def load_voice(
    *, language: str, voice: str, rate: int, pitch: int, face: FaceSource = "phones"
) -> Voice:
    """Load one of the embedded voices, which any client may ask for.

    Args:
        language: a code such as `en-us`.
        voice: `hibari`, `espeak`, either with `:` and a voice of its own, or a variant of espeak;
            empty is the best that is installed and speaks the language.
        rate: words a minute.
        pitch: 0 to 100.
        face: what of the voice its face is made from.

    Raises:
        ConfigError: its library is not installed, or lacks the voice or the language; or it has
            no latents, which were asked for.
        EngineError: what makes faces of latents does not fit.
    """
    name, _, argument = voice.partition(":")
    if not voice:
        name = default_voice(language)
    elif name.lower() not in (NATURAL, EMBEDDED):
        name, argument = EMBEDDED, voice
    return _load(name, VoiceRequest(argument, language, rate, pitch), face)


def load_local_voice(
    *, language: str, voice: str, rate: int, pitch: int, face: FaceSource = "phones"
) -> Voice:
    """Load a voice as `load_voice` does, or one that only this machine's user may ask for.

    `cosyvoice:FILE.toml` reads files and may start programs, and what other packages add may do
    anything, so they are not for what comes over a network. A voice that is a context manager lets
    go of what it holds when it is left.

    Raises:
        ConfigError: there is no such voice or file, or what makes it cannot be reached; or it has
            no latents, which were asked for.
        EngineError: what makes it, or faces of its latents, does not fit.
    """
    name, argument = _named(voice) if voice else (default_voice(language), "")
    return _load(name, VoiceRequest(argument, language, rate, pitch), face)


def default_voice(language: str) -> str:
    """Return the name of the voice that is meant where none is named.

    Raises:
        ConfigError: several packages add a voice of the name of the natural one.
    """
    if not has_plugin("voice", NATURAL):
        return EMBEDDED
    plugin = find_plugin("voice", NATURAL)
    try:
        load = plugin.load()
        if isinstance(load, CheckableLoader):
            load.check(VoiceRequest(language=language))
    except BrokenPackageError as error:
        _tell_fallback(str(error))
        return EMBEDDED
    except ConfigError:
        return EMBEDDED
    return NATURAL


@cache
def _tell_fallback(problem: str) -> None:
    """Say, once, why the voice is another one than usual."""
    logger.warning("%s; until then %s speaks", problem, EMBEDDED)


def _load(name: str, request: VoiceRequest, face: FaceSource) -> Voice:
    loaded: Voice = find_plugin("voice", name).make(request, Voice)
    if face == "phones":
        return loaded
    if isinstance(loaded, LatentVoice):
        return loaded.with_latents()
    with holding(loaded):
        raise ConfigError(
            f"the voice {name} has no latents that a face could be made from; choose the voice "
            f"{NATURAL}, which speaks American English, or the face phones"
        )


def check_local_voice(voice: str) -> None:
    """See whether a voice that `load_local_voice` takes is there, without starting anything.

    Raises:
        ConfigError: there is no such voice or file, or its library is not installed.
    """
    name, argument = _named(voice)
    load = find_plugin("voice", name).load()
    if isinstance(load, CheckableLoader):
        load.check(VoiceRequest(argument))


def _named(voice: str) -> tuple[str, str]:
    """Return the voice and its argument: of `NAME`, `NAME:ARGUMENT`, or a variant.

    Raises:
        ConfigError: it is no variant, and nearly the name of a voice.
    """
    name, colon, argument = voice.partition(":")
    if colon or has_plugin("voice", name):
        return name, argument
    if meant := nearest(voice, [plugin.name for plugin in plugins("voice")]):
        try:
            check_local_voice(f"{EMBEDDED}:{voice}")
        except ConfigError as error:
            raise ConfigError(f"there is no voice {voice!r}; did you mean {meant}?") from error
    return EMBEDDED, voice


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


def token_decoder(
    engine: Engine, space: str = EMBEDDED_SPACE, others: Sequence[TokenDecoder] = ()
) -> TokenDecoder:
    """Return what drives a face from tokens, by default those of the embedded voice.

    Args:
        engine: may take some.
        space: the name of theirs.
        others: decoders besides the engine's, which are asked first.

    Raises:
        ConfigError: the engine cannot, or nothing here knows tokens of that space.
    """
    for other in others:
        if other.space.name == space:
            return other
    if not isinstance(engine, TokenEngine):
        if others:
            raise ConfigError(
                f"there is no decoder for tokens of {space[:40]!r}; send those of "
                f"{_any_of(others)}, or audio without tokens"
            )
        raise ConfigError(f"the engine {engine.name!r} cannot be driven by text; use phones")
    decoder = engine.token_decoder()
    if decoder.space.name != space:
        raise ConfigError(
            f"there is no decoder for tokens of {space[:40]!r}; send those of "
            f"{_any_of([decoder, *others])}, or audio without tokens"
        )
    return decoder


def _any_of(decoders: Sequence[TokenDecoder]) -> str:
    """Name the spaces of decoders, each once."""
    return " or ".join(dict.fromkeys(repr(decoder.space.name) for decoder in decoders))
