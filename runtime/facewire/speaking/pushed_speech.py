"""Speech that a client sends itself: checked, and brought to the rates that it is needed at.

Checking is quick, and tells at once what is wrong. Decoding is left for a thread, a bite at a time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewire.audio.format import AudioFormat
from facewire.audio.resample import StreamResampler
from facewire.errors import ConfigError, WireError
from facewire.frames import Samples
from facewire.speaking.alignment.turn_alignment import TurnAlignment
from facewire.speaking.text.feelings import Feeling
from facewire.speaking.voice import Span
from facewire.tokens import TokenSpace

NO_SAMPLES: Samples = np.zeros(0, np.float32)
NO_TOKENS: NDArray[np.int32] = np.zeros(0, np.int32)


BITES_PER_SECOND = 5
"""Audio is decoded in short pieces, between which others get their turn."""


@dataclass(frozen=True, slots=True, eq=False)
class SpeechPart:
    """A piece of speech on its way to a turn; what it lacks is empty."""

    samples: Samples = field(default_factory=NO_SAMPLES.copy)
    """To be played, at the rate of the stream."""
    heard: Samples = field(default_factory=NO_SAMPLES.copy)
    """The same for the encoder, at the rate of the engine."""
    tokens: NDArray[np.int32] | NDArray[np.float32] = field(default_factory=NO_TOKENS.copy)
    words: tuple[Span, ...] = ()
    feelings: tuple[Feeling, ...] = ()

    def only_tokens(self, most: int) -> bool:
        """Tell whether it is nothing but tokens, and at most so many."""
        return 0 < len(self.tokens) <= most and not (
            len(self.samples) or len(self.heard) or self.words or self.feelings
        )


@dataclass(frozen=True, slots=True, eq=False)
class UndecodedAudio:
    """A piece of pushed audio as it came: a fraction of the size of what it becomes."""

    decode: Callable[[bytearray], SpeechPart]
    """In a thread, in order."""
    pcm: bytearray
    bytes_per_second: int
    whole: int = 0
    """Bytes up to which it takes what comes next; 0 if it is the last."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.pcm) / self.bytes_per_second

    def join(self, following: "UndecodedAudio") -> bool:
        """Take what follows, too, if there is room; not while a thread decodes it."""
        if len(self.pcm) + len(following.pcm) > min(self.whole, following.whole):
            return False
        self.pcm.extend(following.pcm)
        return True


@dataclass(frozen=True, slots=True, eq=False)
class PushedAudio:
    """A run of a turn's audio, as a client sends it."""

    pcm: bytes
    start: int
    """Index of the first sample in its turn."""


@dataclass(frozen=True, slots=True, eq=False)
class PushedTokens:
    """A run of a turn's tokens, as a client sends it."""

    tokens: NDArray[np.unsignedinteger[Any]]
    """Ids [T]."""
    first: int
    """Index of the first one in its turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedKinds:
    """What will be pushed for a turn."""

    tokens: bool
    audio: bool
    alignment: bool = False

    def check(self) -> None:
        """Refuse what does not go together.

        Raises:
            ConfigError: it does not.
        """
        if not self.tokens and not self.audio:
            raise ConfigError("speech has tokens, audio, or both")
        if self.alignment and (self.tokens or not self.audio):
            raise ConfigError("an alignment tells the times of audio without tokens; send that")


class PushedSpeech:
    """The tokens and the audio of one turn, as they come in."""

    def __init__(
        self,
        audio_format: AudioFormat,
        rate: int,
        encoder_rate: int,
        space: TokenSpace | None,
        alignment: TurnAlignment | None = None,
    ) -> None:
        """Get ready.

        Args:
            audio_format: of the PCM that comes.
            rate: of the stream, in Hz.
            encoder_rate: of the engine, in Hz.
            space: of the tokens that come; None if the face is made from the audio.
            alignment: takes the times of what is said in it, if they come.
        """
        self.alignment = alignment
        self._format = audio_format
        self._bytes_per_second = audio_format.frame_bytes * audio_format.sample_rate
        self._space = space
        self._tokens = 0
        self._samples = 0
        self._to_play = _resampler(audio_format, rate)
        self._to_hear = _resampler(audio_format, encoder_rate) if space is None else None

    @property
    def has_tokens(self) -> bool:
        """Whether tokens come, from which the face is made; otherwise it is made from the audio."""
        return self._space is not None

    @property
    def audio_s(self) -> float:
        """How much audio came."""
        return self._samples / self._format.sample_rate

    def seconds(self, speech: PushedAudio | PushedTokens) -> float:
        """Return how long something lasts."""
        if isinstance(speech, PushedAudio):
            return len(speech.pcm) / self._bytes_per_second
        return len(speech.tokens) / float(self._space.rate) if self._space else 0.0

    def take_tokens(self, speech: PushedTokens) -> NDArray[np.int32]:
        """Return a run of tokens, [T].

        Raises:
            WireError: they do not follow the last ones, or are not of the space.
        """
        if self._space is None:
            raise WireError("tokens came for a turn that was begun without tokens")
        if speech.first != self._tokens:
            raise WireError(
                f"tokens start at {speech.first}, but {self._tokens} is next; send each once, in "
                "order"
            )
        highest = int(speech.tokens.max(initial=0))
        if highest >= self._space.vocabulary:
            raise WireError(
                f"token {highest} is outside of {self._space.name!r}, which has "
                f"{self._space.vocabulary} classes"
            )
        self._tokens += len(speech.tokens)
        return speech.tokens.astype(np.int32)

    def take_audio(self, speech: PushedAudio) -> list[UndecodedAudio]:
        """Return a run of audio as pieces of speech that are not decoded; they are in order.

        Raises:
            WireError: it does not follow the last one, or ends in the middle of a sample.
        """
        if len(speech.pcm) % self._format.frame_bytes:
            raise WireError(
                f"{len(speech.pcm)} bytes of audio are not whole samples of "
                f"{self._format.frame_bytes} bytes"
            )
        if speech.start != self._samples:
            raise WireError(
                f"audio starts at sample {speech.start} of its turn, but {self._samples} is next; "
                "send each once, in order"
            )
        self._samples += len(speech.pcm) // self._format.frame_bytes
        bite = self._format.sample_rate // BITES_PER_SECOND * self._format.frame_bytes
        bites = [bytearray(speech.pcm[at : at + bite]) for at in range(0, len(speech.pcm), bite)]
        return [UndecodedAudio(self._decode, pcm, self._bytes_per_second, bite) for pcm in bites]

    def flush(self) -> UndecodedAudio:
        """Return what the resamplers hold back, to be decoded last."""
        return UndecodedAudio(self._flush, bytearray(), self._bytes_per_second)

    def _decode(self, pcm: bytearray) -> SpeechPart:
        samples = self._format.decode(pcm)
        heard = self._to_hear.push(samples) if self._to_hear else NO_SAMPLES
        return SpeechPart(self._to_play.push(samples), heard)

    def _flush(self, _pcm: bytearray) -> SpeechPart:
        heard: Samples = self._to_hear.flush() if self._to_hear else NO_SAMPLES
        return SpeechPart(self._to_play.flush(), heard)


def _resampler(audio_format: AudioFormat, rate: int) -> StreamResampler:
    return StreamResampler(audio_format.sample_rate, rate, audio_format.channels)
