"""The natural voice: hibari, whose phones or latents go straight to the embedded decoder."""

from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np

from facewire.errors import ConfigError, EngineError
from facewire.speaking.text.clauses import ClauseSplitter, SentenceJoiner
from facewire.speaking.voice import Speech
from facewire.tokens import TokenSpace
from facewire_engines.hearing.hop_intake import SAMPLE_RATE
from facewire_engines.latents.decoder import LatentDecoder, load_latent_decoder
from facewire_engines.phones.engine import load_embedded
from facewire_engines.phones.geometry import HOP
from facewire_engines.phones.phone_set import INDEX
from facewire_engines.phones.token_session import PHONETIC
from facewire_engines.voices.hibari.package import Hibari
from facewire_engines.voices.hibari.reading import Reading, read, split
from facewire_engines.voices.hibari.speech import latent_speech_of, speech_of
from facewire_engines.voices.phone_times import token_samples

SLOWEST, FASTEST = 80, 450
"""Words a minute."""
USUAL = 175
"""Words a minute at the speed that the voice was trained at."""
HIGHEST = 100
"""Of the pitch, from 0."""
TRAINED_ON = "heart"
"""The voice whose latents the projector has learned from."""
MOST_LEFT_OUT = 5
"""Words that are remembered."""


class HibariVoice:
    """Speaks American English sentence by sentence, faster than real time. For one thread.

    `cancel` may come from any thread.
    """

    def __init__(
        self,
        hibari: Hibari,
        rate: int = USUAL,
        pitch: int = 50,
        decoder: LatentDecoder | None = None,
    ) -> None:
        """Choose how to speak.

        Args:
            hibari: a loaded voice whose times are known.
            rate: words a minute.
            pitch: 0 to 100; half an octave from the middle to each end.
            decoder: makes faces of its latents, which are its tokens then; they are phones if
                there is none.

        Raises:
            ConfigError: a number is out of range.
            EngineError: the decoder takes other latents.
        """
        if decoder is not None and decoder.space.vocabulary != hibari.width:
            raise EngineError(
                f"the face takes latents of {decoder.space.vocabulary} numbers, but hibari's have "
                f"{hibari.width}; choose --face phones, or install Facewire again"
            )
        self.sample_rate = SAMPLE_RATE
        self.decoder = decoder
        """What its tokens are for, if they are no phones."""
        self.space: TokenSpace = PHONETIC if decoder is None else decoder.space
        self.silence = INDEX["sil"]
        self.whole_sentences = True
        self._hibari = hibari
        self._rate, self._speed = rate, speed_of(rate)
        self._pitch = checked_pitch(pitch)
        self.left_out: list[str] = []
        """The first few words that it could not say."""
        self._turn = 0
        """Another one after `cancel`."""

    def speak(self, text: str) -> Iterator[Speech]:
        """Yield the speech of each sentence; text without anything to be spoken gives nothing.

        Raises:
            EngineError: the package fails at a text.
        """
        turn = self._turn
        for piece in pieces(text):
            whole = self.read(piece)
            self._note(whole.left_out)
            for reading in split(whole):
                if self._turn != turn:
                    return
                if reading.sounds:
                    yield self._say(reading, piece)

    def with_latents(self) -> "HibariVoice":
        """Return the voice with its latents as tokens, and the decoder that takes them.

        Raises:
            ConfigError: it is one of hibari's other voices, whose latents are others.
            EngineError: what makes faces of them is missing, damaged, or for other latents.
        """
        if self._hibari.name != TRAINED_ON:
            raise ConfigError(
                f"faces are made from the latents of hibari:{TRAINED_ON} only, not of "
                f"hibari:{self._hibari.name}; choose the voice hibari, or the face phones"
            )
        return HibariVoice(self._hibari, self._rate, self._pitch, _latent_decoder())

    def cancel(self) -> None:
        """End what is spoken, after the sentence that is being made."""
        self._turn += 1

    def read(self, text: str) -> Reading:
        """Return what a piece of text is read as.

        Raises:
            EngineError: the package fails at it.
        """
        # Imported where the package is known to be there: it is an extra.
        from hibari.g2p.normalize import normalize

        try:
            with self._hibari.reading:
                return read(text, self._hibari.reader, normalize, self._hibari.alphabet)
        except Exception as error:
            raise EngineError(
                f"hibari cannot read {text[:40]!r} ({type(error).__name__}); say it in other words"
            ) from error

    def _note(self, left_out: Iterable[str]) -> None:
        for word in left_out:
            if len(self.left_out) < MOST_LEFT_OUT and word not in self.left_out:
                self.left_out.append(word)

    def _say(self, reading: Reading, text: str) -> Speech:
        spoken = self._hibari.synthesise(reading.symbols, self._speed, self._pitch)
        if self.decoder is not None:
            return latent_speech_of(reading, spoken, text, self._speed)
        return speech_of(reading, spoken.frames, spoken.sound, text, self._speed)


@cache
def _latent_decoder() -> LatentDecoder:
    """Return what makes faces of latents, loaded once for everybody."""
    return load_latent_decoder(load_embedded().token_decoder())


class HibariSound:
    """Its sound alone, of a version whose times are not known, for `HeardVoice`."""

    def __init__(self, hibari: Hibari, rate: int = USUAL) -> None:
        """Choose how to speak.

        Raises:
            ConfigError: the rate is out of range.
        """
        self.sample_rate = SAMPLE_RATE
        self.space: TokenSpace = PHONETIC
        self.silence = INDEX["sil"]
        self.whole_sentences = True
        self._hibari = hibari
        self._speed = speed_of(rate)

    def speak(self, text: str) -> Iterator[Speech]:
        """Yield the sound of each sentence, with tokens that all say silence."""
        for piece in pieces(text):
            sound = self._hibari.sound(piece, self._speed)
            if len(sound):
                samples = token_samples(sound, self._hibari.sample_rate)
                yield Speech(samples, np.full(len(samples) // HOP, self.silence, np.int32))


def speed_of(rate: int) -> float:
    """Return how much faster than usual so many words a minute are.

    Raises:
        ConfigError: it is out of range.
    """
    if not SLOWEST <= rate <= FASTEST:
        raise ConfigError(
            f"a rate of {rate} words a minute is out of range; choose {SLOWEST} to {FASTEST}"
        )
    return rate / USUAL


def checked_pitch(pitch: int) -> int:
    """Return a pitch.

    Raises:
        ConfigError: it is out of range.
    """
    if not 0 <= pitch <= HIGHEST:
        raise ConfigError(f"a pitch of {pitch} is out of range; choose 0 to {HIGHEST}")
    return pitch


def speaks(language: str) -> bool:
    """Tell whether a code such as `en-us` is that of the voice."""
    return language.strip().lower().replace("_", "-") in ("en", "en-us")


def pieces(text: str) -> Iterator[str]:
    """Cut a text into what is spoken in one breath: a sentence, or a few clauses of a long one."""
    splitter, joiner = ClauseSplitter(), SentenceJoiner()
    for clause in (*splitter.push(text), *splitter.flush()):
        yield from joiner.push(clause)
    yield from joiner.flush()
