"""What a stream of turns is made with: a voice, decoders for tokens, an encoder for audio."""

from dataclasses import dataclass

from facewire.clock import Clock
from facewire.engine import Engine
from facewire.errors import ConfigError
from facewire.speak_requests import OpenSpeech
from facewire.speech import Voice
from facewire.tokens import TokenSpace
from facewire.turn_faces import AudioFaces, TokenFaces
from facewire.voices import TokenDecoder, load_voice, token_decoder

TOKEN_LOOKAHEAD_MS = 150.0
"""Into the tokens, which costs nothing: they exist before their audio."""


@dataclass(frozen=True, slots=True, eq=False)
class SpeechRoads:
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
            return token_decoder(self.engine, self.request.tokens).space
        except ConfigError:
            return None

    def spoken(self) -> TokenFaces:
        """Begin a run of faces from the voice's tokens."""
        assert self.voice is not None
        assert self.voice_decoder is not None
        return self._from_tokens(self.voice_decoder)

    def pushed_tokens(self) -> TokenFaces:
        """Begin a run of faces from the client's tokens.

        Raises:
            ConfigError: the engine takes no tokens of that space.
        """
        return self._from_tokens(token_decoder(self.engine, self.request.tokens))

    def pushed_audio(self) -> AudioFaces:
        """Begin a run of faces from the client's audio.

        Raises:
            ConfigError: the engine cannot look so far ahead, or has no room for a session more.
        """
        return AudioFaces(
            self.engine.session(
                frame_rate=self.request.exact_frame_rate,
                lookahead_ms=self.request.lookahead_ms,
                clock=self.clock,
            )
        )

    def _from_tokens(self, decoder: TokenDecoder) -> TokenFaces:
        session = decoder.session(
            frame_rate=self.request.exact_frame_rate,
            lookahead_ms=TOKEN_LOOKAHEAD_MS,
            clock=self.clock,
        )
        return TokenFaces(session, decoder.space)


def open_roads(engine: Engine, request: OpenSpeech, clock: Clock) -> SpeechRoads:
    """Load what a client asks for; it takes a moment.

    Raises:
        ConfigError: there is no such voice, or the engine cannot be driven by its tokens.
    """
    if not request.text:
        return SpeechRoads(engine, request, clock, None, None)
    voice = load_voice(
        language=request.language, voice=request.voice, rate=request.rate, pitch=request.pitch
    )
    roads = SpeechRoads(engine, request, clock, voice, token_decoder(engine, voice.space.name))
    roads.spoken()
    return roads
