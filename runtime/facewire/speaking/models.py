"""What a stream of turns is made with: a voice, decoders for tokens, an encoder for audio."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial

from facewire.audio.format import AudioFormat, Encoding
from facewire.clock import Clock
from facewire.errors import ConfigError
from facewire.frames import StreamSpec
from facewire.speaking.alignment.session import AlignedSession, AligningEngine
from facewire.speaking.alignment.turn_alignment import AlignedFaces, TurnAlignment
from facewire.speaking.pushed_speech import PushedKinds, PushedSpeech
from facewire.speaking.text.clauses import ClauseQueue
from facewire.speaking.turn import Turn
from facewire.speaking.turn_faces import AudioFaces, TokenFaces
from facewire.speaking.turn_synthesis import TurnSynthesis
from facewire.speaking.voice import SentenceVoice, TokenDecoder, Voice
from facewire.speaking.voices import (
    EMBEDDED_SPACE,
    holding,
    token_decoder,
    voice_decoder,
)
from facewire.stream.engine import Engine, EngineSession
from facewire.tokens import TokenSpace

TOKEN_LOOKAHEAD_MS = 150.0
"""Into the tokens, which costs nothing: they exist before their audio."""

PUSHED = AudioFormat(Encoding.S16LE, 16_000, 1)


class SpeechModels:
    """Makes faces of text, tokens or audio, each turn's on its own. Shared by a stream's turns."""

    def __init__(
        self,
        engine: Engine,
        voice: Voice | None,
        clock: Clock,
        *,
        frame_rate: Fraction,
        audio_format: AudioFormat = PUSHED,
        token_space: str = EMBEDDED_SPACE,
        lookahead_ms: float = TOKEN_LOOKAHEAD_MS,
        decoders: Sequence[TokenDecoder] = (),
        language: str = "en-us",
    ) -> None:
        """See what drives the face.

        Args:
            engine: hears audio, and decodes tokens where the voice has no decoder of its own.
            voice: speaks text; None where none comes.
            clock: stamps the frames.
            frame_rate: of the faces.
            audio_format: of the audio that is pushed.
            token_space: the name of the space of the tokens that are pushed.
            lookahead_ms: how far a face may listen ahead in audio that comes without tokens.
            decoders: of tokens that may be pushed, besides the engine's.
            language: of the words whose times are pushed.

        Raises:
            ConfigError: the engine cannot be driven by the voice's tokens, or at that rate.
        """
        self.engine = engine
        self.voice = voice
        self.audio_format = audio_format
        sample_rate = voice.sample_rate if voice else audio_format.sample_rate
        self.spec = StreamSpec(sample_rate, frame_rate, 0)
        """Of the stream: at the voice's rate, or that of the audio that is pushed."""
        self._clock = clock
        self._token_space = token_space
        self._decoders = decoders
        self._lookahead_ms = lookahead_ms
        self._language = language
        self._voice_decoder = None if voice is None else voice_decoder(engine, voice)
        if voice is not None:
            self.spoken()

    @property
    def space(self) -> TokenSpace | None:
        """Of the tokens that may be pushed; None if the engine takes none such."""
        try:
            return self.pushed_space()
        except ConfigError:
            return None

    def close(self) -> None:
        """Let go of what the voice holds, such as a connection to what speaks."""
        if self.voice is not None:
            with holding(self.voice):
                pass

    def spoken_turn(self, turn: Turn) -> TurnSynthesis:
        """Return what makes a turn of text."""
        sentences = isinstance(self.voice, SentenceVoice) and self.voice.whole_sentences
        return TurnSynthesis(turn, self.spec, self.spoken, ClauseQueue(sentences=sentences))

    def spoken(self) -> TokenFaces:
        """Begin a run of faces from the voice's tokens."""
        assert self._voice_decoder is not None
        return self._from_tokens(self._voice_decoder)

    def pushed_speech(
        self, *, tokens: bool, alignment: TurnAlignment | None = None
    ) -> PushedSpeech:
        """Return what takes the speech that is pushed for a turn.

        Args:
            tokens: whether tokens come, from which the face is made.
            alignment: takes the times of what is said in its audio, if they come.

        Raises:
            ConfigError: the engine takes no tokens of that space.
        """
        return PushedSpeech(
            self.audio_format,
            self.spec.sample_rate,
            self.engine.sample_rate,
            self.pushed_space() if tokens else None,
            alignment,
        )

    def pushed_space(self) -> TokenSpace:
        """Return the space of pushed tokens.

        Raises:
            ConfigError: the engine takes no tokens of that space.
        """
        return self._pushed_decoder().space

    def pushed_tokens(self) -> TokenFaces:
        """Begin a run of faces from pushed tokens.

        Raises:
            ConfigError: the engine takes no tokens of that space.
        """
        return self._from_tokens(self._pushed_decoder())

    def pushed_audio(self) -> AudioFaces:
        """Begin a run of faces from pushed audio, which opens a session with its first."""
        return AudioFaces(self._hearing, self.engine.sample_rate)

    def pushed_turn(self, turn: Turn, kinds: PushedKinds, most_times: int) -> TurnSynthesis:
        """Return what makes a turn of the client's own speech.

        Args:
            turn: is filled.
            kinds: what will be pushed for it.
            most_times: how many times of words and sounds may come.

        Raises:
            ConfigError: these kinds do not go together, or the engine takes no such tokens.
        """
        kinds.check()
        alignment = None
        if kinds.alignment:
            alignment = TurnAlignment(most_times, self.spec.sample_rate)
            turn.captions = alignment.captions
        open_faces: Callable[[], TokenFaces | AudioFaces | AlignedFaces]
        prepare: Callable[[], None] | None = None
        if kinds.tokens:
            open_faces = self.pushed_tokens
        elif alignment is not None and isinstance(self.engine, AligningEngine):
            open_faces = partial(self.pushed_aligned_audio, alignment)
            prepare = partial(self.engine.prepare_alignment, self._language)
        else:
            open_faces = self.pushed_audio
        pushed = self.pushed_speech(tokens=kinds.tokens, alignment=alignment)
        return TurnSynthesis(turn, self.spec, open_faces, pushed=pushed, prepare=prepare)

    def pushed_aligned_audio(self, alignment: TurnAlignment) -> AlignedFaces:
        """Begin a run of faces from pushed audio and its times, where the engine can use them."""
        engine = self.engine
        assert isinstance(engine, AligningEngine)

        def open_session() -> AlignedSession:
            return engine.aligned_session(
                frame_rate=self.spec.frame_rate, language=self._language, clock=self._clock
            )

        return AlignedFaces(open_session, alignment, engine.sample_rate)

    def _pushed_decoder(self) -> TokenDecoder:
        """Return what decodes pushed tokens.

        Raises:
            ConfigError: nothing does.
        """
        return token_decoder(self.engine, self._token_space, self._decoders)

    def _hearing(self) -> EngineSession:
        """Open a session of the engine.

        Raises:
            CapacityError: there is no room for one more.
            ConfigError: the engine cannot look so far ahead.
        """
        return self.engine.session(
            frame_rate=self.spec.frame_rate, lookahead_ms=self._lookahead_ms, clock=self._clock
        )

    def _from_tokens(self, decoder: TokenDecoder) -> TokenFaces:
        session = decoder.session(
            frame_rate=self.spec.frame_rate, lookahead_ms=TOKEN_LOOKAHEAD_MS, clock=self._clock
        )
        return TokenFaces(session, decoder.space)
