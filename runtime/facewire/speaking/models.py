"""What a stream of turns is made with: a voice, decoders for tokens, an encoder for audio."""

from collections.abc import Sequence
from dataclasses import dataclass

from facewire.clock import Clock
from facewire.errors import ConfigError
from facewire.speaking.turn_faces import AudioFaces, TokenFaces
from facewire.speaking.voice import TokenDecoder, Voice
from facewire.speaking.voices import (
    holding,
    load_local_voice,
    load_voice,
    token_decoder,
    voice_decoder,
)
from facewire.stream.engine import Engine, EngineSession
from facewire.tokens import TokenSpace
from facewire.wire.speak import OpenSpeech

TOKEN_LOOKAHEAD_MS = 150.0
"""Into the tokens, which costs nothing: they exist before their audio."""


@dataclass(frozen=True, slots=True, eq=False)
class SpeechModels:
    """From text, tokens or audio to faces, as one client asked for it."""

    engine: Engine
    request: OpenSpeech
    clock: Clock
    voice: Voice | None
    voice_decoder: TokenDecoder | None
    """For the tokens of the voice."""

    @property
    def sample_rate(self) -> int:
        """Of the stream, in Hz: the voice's, or that of the audio that the client sends."""
        return self.voice.sample_rate if self.voice else self.request.sample_rate

    @property
    def space(self) -> TokenSpace | None:
        """Of the tokens that the client may send; None if the engine takes none such."""
        try:
            return self.pushed_space()
        except ConfigError:
            return None

    def close(self) -> None:
        """Let go of what the voice holds, such as a connection to what speaks."""
        if self.voice is not None:
            with holding(self.voice):
                pass

    def spoken(self) -> TokenFaces:
        """Begin a run of faces from the voice's tokens."""
        assert self.voice is not None
        assert self.voice_decoder is not None
        return self._from_tokens(self.voice_decoder)

    def pushed_space(self) -> TokenSpace:
        """Return the space of the client's tokens.

        Raises:
            ConfigError: the engine takes no tokens of that space.
        """
        return token_decoder(self.engine, self.request.tokens).space

    def pushed_tokens(self) -> TokenFaces:
        """Begin a run of faces from the client's tokens.

        Raises:
            ConfigError: the engine takes no tokens of that space.
        """
        return self._from_tokens(token_decoder(self.engine, self.request.tokens))

    def pushed_audio(self) -> AudioFaces:
        """Begin a run of faces from the client's audio, which opens a session with its first."""
        return AudioFaces(self._hearing, self.engine.sample_rate)

    def _hearing(self) -> EngineSession:
        """Open a session of the engine.

        Raises:
            CapacityError: there is no room for one more.
            ConfigError: the engine cannot look so far ahead.
        """
        return self.engine.session(
            frame_rate=self.request.exact_frame_rate,
            lookahead_ms=self.request.lookahead_ms,
            clock=self.clock,
        )

    def _from_tokens(self, decoder: TokenDecoder) -> TokenFaces:
        session = decoder.session(
            frame_rate=self.request.exact_frame_rate,
            lookahead_ms=TOKEN_LOOKAHEAD_MS,
            clock=self.clock,
        )
        return TokenFaces(session, decoder.space)


def open_speech_models(
    engine: Engine, request: OpenSpeech, clock: Clock, voices: Sequence[str] = ()
) -> SpeechModels:
    """Load what a client asks for; it takes a moment.

    Args:
        engine: decodes the tokens, where the voice has no decoder of its own.
        request: what is asked for.
        clock: stamps the frames.
        voices: of this machine, which clients may name; the first is for those who name none.

    Raises:
        ConfigError: there is no such voice, or the engine cannot be driven by its tokens.
        EngineError: what speaks cannot be reached, or does not fit.
    """
    if not request.text:
        return SpeechModels(engine, request, clock, None, None)
    voice = _load(request, voices)
    try:
        models = SpeechModels(engine, request, clock, voice, voice_decoder(engine, voice))
        models.spoken()
    except BaseException:
        with holding(voice):
            raise
    return models


def _load(request: OpenSpeech, voices: Sequence[str]) -> Voice:
    name = request.voice or next(iter(voices), "")
    load = load_local_voice if name in voices else load_voice
    return load(language=request.language, voice=name, rate=request.rate, pitch=request.pitch)
