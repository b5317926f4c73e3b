"""The natural voice: hibari, whose phones go straight to the decoder of the embedded model."""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from facewire.errors import ConfigError, EngineError
from facewire.frames import Samples
from facewire.speaking.clauses import SENTENCE_END, ClauseSplitter, SentenceJoiner
from facewire.speaking.voice import Span, Speech
from facewire.tokens import TokenSpace
from facewire_engines.hearing.hop_intake import SAMPLE_RATE
from facewire_engines.phones.geometry import HOP
from facewire_engines.phones.phone_set import INDEX
from facewire_engines.phones.token_session import PHONETIC
from facewire_engines.voices.hibari import package
from facewire_engines.voices.hibari.package import Hibari
from facewire_engines.voices.hibari.reading import Reading, Word, read, split
from facewire_engines.voices.hibari.timing import SymbolPhone, timed_phones
from facewire_engines.voices.phone_times import (
    TimedPhone,
    phone_spans,
    phone_tokens,
    resampled,
    token_samples,
)

SLOWEST, FASTEST = 80, 450
"""Words a minute."""
USUAL = 175
"""Words a minute at the speed that the voice was trained at."""
HIGHEST = 100
"""Of the pitch, from 0."""

_LEAD_IN_S = 0.06
"""Silence before a piece, in which lips close for a stop that begins it."""
_SENTENCE_S, _CLAUSE_S, _CUT_S = 0.35, 0.12, 0.02
"""Silence after a piece, by what ends it; the voice's own, which is longer, is cut."""
_CLAUSE_ENDS = re.compile(r"[,;:—]+[\"'”’»›)\]}]*$")


class HibariVoice:
    """Speaks American English sentence by sentence, faster than real time. For one thread.

    `cancel` may come from any thread.
    """

    def __init__(self, hibari: Hibari, rate: int = USUAL, pitch: int = 50) -> None:
        """Choose how to speak.

        Args:
            hibari: a loaded voice whose times are known.
            rate: words a minute.
            pitch: 0 to 100; half an octave from the middle to each end.

        Raises:
            ConfigError: a number is out of range.
        """
        self.sample_rate = SAMPLE_RATE
        self.space: TokenSpace = PHONETIC
        self.silence = INDEX["sil"]
        self._hibari = hibari
        self._speed = speed_of(rate)
        self._pitch = checked_pitch(pitch)
        self._turn = 0
        """Another one after `cancel`."""

    def speak(self, text: str) -> Iterator[Speech]:
        """Yield the speech of each sentence; text without anything to be spoken gives nothing.

        Raises:
            EngineError: the package fails at a text.
        """
        turn = self._turn
        for piece in pieces(text):
            for reading in split(self.read(piece)):
                if self._turn != turn:
                    return
                if reading.sounds:
                    yield self._say(reading, piece)

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

    def _say(self, reading: Reading, text: str) -> Speech:
        sound, frames = self._hibari.synthesise(reading.symbols, self._speed, self._pitch)
        phones = timed_phones(reading.symbols, frames, sound, self._speed)
        sound, phones = _cut(sound, phones, _silence_after(text) / self._speed)
        samples = token_samples(sound, package.SAMPLE_RATE)
        spans = phone_spans((p.phone for p in phones), package.SAMPLE_RATE)
        tokens = phone_tokens(spans, len(samples) // HOP)
        return Speech(samples, tokens, tuple(_words(reading.words, phones)), spans)


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


def _silence_after(text: str) -> float:
    """Return how many seconds of silence follow a piece."""
    if SENTENCE_END.search(text):
        return _SENTENCE_S
    return _CLAUSE_S if _CLAUSE_ENDS.search(text) else _CUT_S


def _cut(
    sound: Samples, phones: list[SymbolPhone], after_s: float
) -> tuple[Samples, list[SymbolPhone]]:
    """Return a piece with only so much silence before and after it."""
    rate = package.SAMPLE_RATE
    begin = round(phones[0].phone.start - _LEAD_IN_S * rate)
    end = round(phones[-1].phone.end + after_s * rate)
    padded = np.pad(sound, (max(0, -begin), max(0, end - len(sound))))
    kept: Samples = padded[max(0, begin) : max(0, -begin) + end]
    moved = [
        SymbolPhone(p.symbol, TimedPhone(p.phone.start - begin, p.phone.end - begin, p.phone.phone))
        for p in phones
    ]
    return kept, moved


def _words(words: Sequence[Word], phones: Sequence[SymbolPhone]) -> Iterator[Span]:
    """Yield the words that sound, from their first phone to their last."""
    for word in words:
        own = [p.phone for p in phones if word.first <= p.symbol < word.end]
        if own:
            start, end = (resampled(s, package.SAMPLE_RATE) for s in (own[0].start, own[-1].end))
            yield Span(word.label, start, end)
