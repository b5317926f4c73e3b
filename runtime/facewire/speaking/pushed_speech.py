"""Speech that a client sends itself: checked, and brought to the rates that it is needed at.

Checking is quick, and tells at once what is wrong. Decoding is left for a thread, a bite at a time.
"""

import numpy as np
from numpy.typing import NDArray

from facewire.audio.format import AudioFormat
from facewire.audio.resample import StreamResampler
from facewire.errors import WireError
from facewire.frames import Samples
from facewire.speaking.speech_part import NO_SAMPLES, SpeechPart, UndecodedAudio
from facewire.tokens import TokenSpace
from facewire.wire.binary import AudioMessage, TokensMessage

BITES_PER_SECOND = 5
"""Audio is decoded in short pieces, between which others get their turn."""


class PushedSpeech:
    """The tokens and the audio of one turn, as they come in."""

    def __init__(
        self, audio_format: AudioFormat, rate: int, encoder_rate: int, space: TokenSpace | None
    ) -> None:
        """Get ready.

        Args:
            audio_format: of the PCM that comes.
            rate: of the stream, in Hz.
            encoder_rate: of the engine, in Hz.
            space: of the tokens that come; None if the face is made from the audio.
        """
        self._format = audio_format
        self._bytes_per_second = audio_format.frame_bytes * audio_format.sample_rate
        self._space = space
        self._tokens = 0
        self._samples = 0
        self._to_play = _resampler(audio_format, rate)
        self._to_hear = _resampler(audio_format, encoder_rate) if space is None else None

    def seconds(self, message: AudioMessage | TokensMessage) -> float:
        """Return how long what a message brings lasts."""
        if isinstance(message, AudioMessage):
            return self._seconds(message.pcm)
        return len(message.tokens) / float(self._space.rate) if self._space else 0.0

    def take_tokens(self, message: TokensMessage) -> NDArray[np.int32]:
        """Return a run of tokens, [T].

        Raises:
            WireError: they do not follow the last ones, or are not of the space.
        """
        if self._space is None:
            raise WireError("tokens came for a turn that was begun without tokens")
        if message.first != self._tokens:
            raise WireError(
                f"tokens start at {message.first}, but {self._tokens} is next; send each once, in "
                "order"
            )
        highest = int(message.tokens.max(initial=0))
        if highest >= self._space.vocabulary:
            raise WireError(
                f"token {highest} is outside of {self._space.name!r}, which has "
                f"{self._space.vocabulary} classes"
            )
        self._tokens += len(message.tokens)
        return message.tokens.astype(np.int32)

    def take_audio(self, message: AudioMessage) -> list[UndecodedAudio]:
        """Return a run of audio as pieces of speech that are not decoded; they are in order.

        Raises:
            WireError: it does not follow the last one, or ends in the middle of a sample.
        """
        if len(message.pcm) % self._format.frame_bytes:
            raise WireError(
                f"{len(message.pcm)} bytes of audio are not whole samples of "
                f"{self._format.frame_bytes} bytes"
            )
        if message.start != self._samples:
            raise WireError(
                f"audio starts at sample {message.start} of its turn, but {self._samples} is next; "
                "send each once, in order"
            )
        self._samples += len(message.pcm) // self._format.frame_bytes
        bite = self._format.sample_rate // BITES_PER_SECOND * self._format.frame_bytes
        bites = [bytearray(message.pcm[at : at + bite]) for at in range(0, len(message.pcm), bite)]
        return [UndecodedAudio(self._decode, pcm, self._bytes_per_second, bite) for pcm in bites]

    def flush(self) -> UndecodedAudio:
        """Return what the resamplers hold back, to be decoded last."""
        return UndecodedAudio(self._flush, bytearray(), self._bytes_per_second)

    def _seconds(self, pcm: bytes) -> float:
        return len(pcm) / self._bytes_per_second

    def _decode(self, pcm: bytearray) -> SpeechPart:
        samples = self._format.decode(pcm)
        heard = self._to_hear.push(samples) if self._to_hear else NO_SAMPLES
        return SpeechPart(self._to_play.push(samples), heard)

    def _flush(self, _pcm: bytearray) -> SpeechPart:
        heard: Samples = self._to_hear.flush() if self._to_hear else NO_SAMPLES
        return SpeechPart(self._to_play.flush(), heard)


def _resampler(audio_format: AudioFormat, rate: int) -> StreamResampler:
    return StreamResampler(audio_format.sample_rate, rate, audio_format.channels)
