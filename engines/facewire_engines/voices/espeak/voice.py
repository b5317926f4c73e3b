"""The embedded voice: espeak-ng, whose phones go straight to the decoder of the embedded model."""

import logging
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

import numpy as np

from facewire.errors import ConfigError
from facewire.speaking.text.clauses import ClauseSplitter
from facewire.speaking.voice import Span, Speech
from facewire.tokens import TokenSpace
from facewire.toml_file import nearest
from facewire_engines.hearing.hop_intake import SAMPLE_RATE
from facewire_engines.phones.geometry import HOP
from facewire_engines.phones.ipa import nearest_phones
from facewire_engines.phones.phone_set import INDEX
from facewire_engines.phones.token_session import PHONETIC
from facewire_engines.voices.espeak.library import Manner, Spoken, languages, synthesise, variants
from facewire_engines.voices.espeak.timing import CLOSURE_S, timed_phones
from facewire_engines.voices.phone_times import (
    TimedPhone,
    phone_spans,
    phone_tokens,
    resampled,
    token_samples,
)

logger = logging.getLogger(__name__)

SLOWEST, FASTEST = 80, 450
"""Words a minute."""
HIGHEST = 100
"""Of the pitch, from 0."""

_LEAD_IN_S = CLOSURE_S
"""Silence before a clause, in which lips close for a stop that begins it."""

_WORD = re.compile(r"\S+")

_MAIN = {"en": "en-us", "zh": "cmn"}
"""What is spoken of a language that is known by other codes alone."""
MOST_CODE = 40
"""Characters of a code that are looked at."""

_UNSPACED = ("CJK ", "HIRAGANA ", "KATAKANA ", "THAI ", "LAO ", "KHMER ", "MYANMAR ")
"""Beginnings of the names of characters that are written without spaces between words."""


class EspeakVoice:
    """Speaks clause by clause, in real time's thousandth. Used by one thread at a time."""

    def __init__(
        self, language: str = "en-us", voice: str = "", rate: int = 175, pitch: int = 50
    ) -> None:
        """Choose a voice.

        Args:
            language: a code such as `en-us`, `de` or `fr-fr`.
            voice: a variant such as `f2` or `Annie`; empty is the language's own.
            rate: words a minute.
            pitch: 0 to 100.

        Raises:
            ConfigError: espeak-ng is not installed, or lacks the voice or the language; or a
                number is out of range.
        """
        if not SLOWEST <= rate <= FASTEST:
            raise ConfigError(
                f"a rate of {rate} words a minute is out of range; choose {SLOWEST} to {FASTEST}"
            )
        if not 0 <= pitch <= HIGHEST:
            raise ConfigError(f"a pitch of {pitch} is out of range; choose 0 to {HIGHEST}")
        name = _language(language) + (f"+{_variant(voice)}" if voice else "")
        self._manner = Manner(name, rate, pitch)
        self.sample_rate = SAMPLE_RATE
        self.space: TokenSpace = PHONETIC
        self.silence = INDEX["sil"]

    def speak(self, text: str) -> Iterator[Speech]:
        """Yield the speech of each clause; text without anything to be spoken gives nothing."""
        splitter = ClauseSplitter()
        for clause in (*splitter.push(text), *splitter.flush()):
            spoken = _with_lead_in(synthesise(clause, self._manner, end_pause=True))
            phones = timed_phones(spoken, nearest_phones)
            if phones:
                yield _speech(clause, spoken, phones)


def _language(wanted: str) -> str:
    known = {code.lower(): voice for code, voice in languages().items()}
    code = wanted.strip().lower().replace("_", "-")
    if code in known:
        return known[code]
    # The language without its region, as in de-DE, or of its main one, as for fr-CA.
    parts = code[:MOST_CODE].split("-")
    shorter = ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]
    found = next((c for s in shorter for c in (s, f"{s}-{s}", _MAIN.get(s)) if c in known), None)
    if found is None:
        raise ConfigError(
            f"espeak-ng does not speak {wanted[:MOST_CODE]!r}; "
            f"{_nearest(wanted[:MOST_CODE], known, 'en-us')}"
        )
    _tell_fallback(code[:MOST_CODE], found)
    return known[found]


@lru_cache(maxsize=64)
def _tell_fallback(wanted: str, found: str) -> None:
    """Say, once, that a region is not told from others."""
    logger.warning("espeak-ng does not tell %s from %s, which it speaks", ascii(wanted), found)


def _variant(wanted: str) -> str:
    by_name = {key.lower(): file for file, name in variants().items() for key in (name, file)}
    file = by_name.get(wanted.strip().lower())
    if file is None:
        raise ConfigError(f"espeak-ng has no voice {wanted!r}; {_nearest(wanted, by_name, 'f2')}")
    return file


def _nearest(wanted: str, known: Iterable[str], example: str) -> str:
    name = nearest(wanted, known)
    return (
        f"did you mean {name}?"
        if name
        else f"choose one such as {example} (facewire voices lists them)"
    )


def _with_lead_in(spoken: Spoken) -> Spoken:
    """Return the same with silence before, taken from the pause after it as far as there is one."""
    silence = int(_LEAD_IN_S * spoken.sample_rate)
    sounding = np.flatnonzero(np.abs(spoken.samples.astype(np.int32)) > 1)
    end = int(sounding[-1]) + 1 if len(sounding) else 0
    kept = max(end, len(spoken.samples) - silence)
    return Spoken(
        np.concatenate((np.zeros(silence, np.int16), spoken.samples[:kept])),
        spoken.sample_rate,
        ((0, ""), *((first + silence, name) for first, name in spoken.marks)),
        tuple((first + silence, place) for first, place in spoken.words),
    )


def _speech(clause: str, spoken: Spoken, phones: list[TimedPhone]) -> Speech:
    """Put a clause on the clock of the tokens: 16 kHz, and silence to the next whole token."""
    floats = spoken.samples.astype(np.float32) / np.float32(32_768)
    samples = token_samples(floats, spoken.sample_rate)
    spans = phone_spans(phones, spoken.sample_rate)
    tokens = phone_tokens(spans, len(samples) // HOP)
    return Speech(samples, tokens, _words(clause, spoken, spans), spans)


def _written(clause: str, told: set[int]) -> list[tuple[int, str]]:
    """Return where words begin, and the words.

    They stand between white space; in scripts without any they begin where the voice says so: at
    most characters of Chinese, and at the phrases of Japanese kana.

    Args:
        clause: the text.
        told: where words begin by the voice.
    """
    words: list[tuple[int, str]] = []
    for match in _WORD.finditer(clause):
        inside = range(match.start() + 1, match.end())
        cuts = [place for place in inside if place in told and _is_unspaced(clause[place])]
        edges = [match.start(), *cuts, match.end()]
        words += [(begin, clause[begin:end]) for begin, end in pairwise(edges)]
    return words


def _is_unspaced(character: str) -> bool:
    return unicodedata.name(character, "").startswith(_UNSPACED)


def _words(clause: str, spoken: Spoken, phones: tuple[Span, ...]) -> tuple[Span, ...]:
    """Return the words of a clause, from their first event to their last phone."""
    starts: list[tuple[int, str]] = []
    written = _written(clause, {place for _, place in spoken.words})
    reached = -1
    for first, place in spoken.words:
        index = max((i for i, (begin, _) in enumerate(written) if begin <= place), default=0)
        if written and index > reached:
            reached = index
            starts.append((resampled(first, spoken.sample_rate), written[index][1]))
    words: list[Span] = []
    for (start, label), (until, _) in pairwise([*starts, (phones[-1].end, "")]):
        end = max((p.end for p in phones if p.start < until and p.end > start), default=start)
        if end > start:
            words.append(Span(label, start, min(end, until)))
    return tuple(words)
