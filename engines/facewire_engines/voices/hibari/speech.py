"""From what hibari or Kokoro spoke to speech on the clock of the tokens, with pauses that fit."""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from facewire.frames import Samples
from facewire.speaking.text.clauses import SENTENCE_END
from facewire.speaking.voice import Span, Speech
from facewire_engines.latents.session import GROUP
from facewire_engines.phones.geometry import HOP
from facewire_engines.voices.hibari import package
from facewire_engines.voices.hibari.package import LATENT, Spoken
from facewire_engines.voices.hibari.reading import Reading, Word
from facewire_engines.voices.hibari.timing import SymbolPhone, timed_phones
from facewire_engines.voices.phone_times import (
    TimedPhone,
    phone_spans,
    phone_tokens,
    resampled,
    token_samples,
)

_LEAD_IN_S = 0.06
"""Silence before a piece, in which lips close for a stop that begins it."""
_SENTENCE_S, _CLAUSE_S, _CUT_S = 0.35, 0.12, 0.02
"""Silence after a piece, by what ends it; the voice's own, which is longer, is cut."""
_CLAUSE_ENDS = re.compile(r"[,;:—]+[\"'”’»›)\]}]*$")


def speech_of(
    reading: Reading, frames: NDArray[np.int64], sound: Samples, text: str, speed: float
) -> Speech:
    """Put a piece on the clock of the tokens.

    Args:
        reading: L symbols, of which one at least is heard, and their words.
        frames: of the silence before, each symbol, and the silence after, [L + 2].
        sound: [T] at 24 kHz.
        text: what was spoken; its end says how long a pause follows.
        speed: at which it was.
    """
    phones = timed_phones(reading.symbols, frames, sound, speed)
    begin, end = _bounds(phones, _silence_after(text) / speed)
    samples, spans, words = _cut(reading, sound, phones, begin, end)
    return Speech(samples, phone_tokens(spans, len(samples) // HOP), words, spans)


def latent_speech_of(reading: Reading, spoken: Spoken, text: str, speed: float) -> Speech:
    """Put a piece on the clock of latents: its tokens are whole groups of them, [4 N, C].

    Args:
        reading: symbols, of which one at least is heard, and their words.
        spoken: what the graph made of them.
        text: what was spoken; its end says how long a pause follows.
        speed: at which it was.
    """
    phones = timed_phones(reading.symbols, spoken.frames, spoken.sound, speed)
    begin, end = _bounds(phones, _silence_after(text) / speed)
    first = begin // LATENT
    count = -(-(end - first * LATENT) // (GROUP * LATENT)) * GROUP
    bounds = first * LATENT, (first + count) * LATENT
    samples, spans, words = _cut(reading, spoken.sound, phones, *bounds)
    # What lasts longer than the graph's own silence goes on like it.
    places = np.clip(np.arange(first, first + count), 0, len(spoken.latents) - 1)
    return Speech(samples, spoken.latents[places], words, spans)


def _silence_after(text: str) -> float:
    """Return how many seconds of silence follow a piece."""
    if SENTENCE_END.search(text):
        return _SENTENCE_S
    return _CLAUSE_S if _CLAUSE_ENDS.search(text) else _CUT_S


def _bounds(phones: Sequence[SymbolPhone], after_s: float) -> tuple[int, int]:
    """Return the samples between which there is only so much silence before and after a piece."""
    rate = package.SAMPLE_RATE
    begin = round(phones[0].phone.start - _LEAD_IN_S * rate)
    return begin, round(phones[-1].phone.end + after_s * rate)


def _cut(
    reading: Reading, sound: Samples, phones: Sequence[SymbolPhone], begin: int, end: int
) -> tuple[Samples, tuple[Span, ...], tuple[Span, ...]]:
    """Return the sound between two samples at 24 kHz, its phones and its words, at 16 kHz."""
    padded = np.pad(sound, (max(0, -begin), max(0, end - len(sound))))
    kept: Samples = padded[max(0, begin) : max(0, -begin) + end]
    moved = [
        SymbolPhone(p.symbol, TimedPhone(p.phone.start - begin, p.phone.end - begin, p.phone.phone))
        for p in phones
    ]
    spans = phone_spans((p.phone for p in moved), package.SAMPLE_RATE)
    words = tuple(_words(reading.words, moved))
    return token_samples(kept, package.SAMPLE_RATE), spans, words


def _words(words: Sequence[Word], phones: Sequence[SymbolPhone]) -> Iterator[Span]:
    """Yield the words that sound, from their first phone to their last."""
    for word in words:
        own = [p.phone for p in phones if word.first <= p.symbol < word.end]
        if own:
            start, end = (resampled(s, package.SAMPLE_RATE) for s in (own[0].start, own[-1].end))
            yield Span(word.label, start, end)
