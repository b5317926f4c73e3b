"""Speech synthesised by espeak-ng's formants, in many accents and voices, with phone times.

espeak-ng's event for a stop comes at its burst: the silence of the closure stands before it. Lips
are closed in that silence, so it is given to the stop here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from facewire.frames import Samples
from facewire_engines.phone_set import INDEX
from facewire_training.corpora.corpus import SAMPLE_RATE, Utterance, cover_gaps
from facewire_training.corpora.espeak_library import Manner, Spoken, synthesise
from facewire_training.corpora.ipa import phones_of
from facewire_training.corpora.texts import Texts
from facewire_training.phones import PhoneInterval

ACCENTS = ("en-us", "en", "en-us", "en-gb-x-rp", "en-us-nyc", "en-gb-scotland", "en-029")

VARIANTS = (
    "", "m1", "f1", "m3", "belinda", "m4", "Annie", "m5", "steph", "m6", "f1", "m7", "anika",
    "Andy", "aunty", "boris", "steph2", "ed", "grandma", "iven", "john", "Andrea", "max", "paul",
    "shelby", "quincy", "rob", "robert", "travis", "zac", "Michael", "Mike",
)  # fmt: skip
"""Those that shape the vocal tract and add neither echo nor breath, so that closures are silent."""

_STOPS = frozenset(INDEX[phone] for phone in ("p", "b", "t", "d", "k", "g", "ch", "jh"))

_CLOSURE_S = 0.06
"""How long a stop is held before its burst when a pause goes before."""

_SHORTEST = 64
"""Samples: fewer zeros are a crossing, not a closure."""

_SLACK_S = 0.01
"""How far an event may be from the end of the silence that it ends."""


@dataclass(frozen=True, slots=True)
class Espeak:
    """As many hours as wanted, accents and voices by turns, at several speeds and pitches."""

    texts: Texts
    hours: float
    seed: int = 0

    def utterances(self) -> Iterator[Utterance]:
        """Yield utterances until the hours are full.

        Raises:
            ConfigError: espeak-ng is not installed.
        """
        remaining = self.hours * 3600
        index = 0
        while remaining > 0:
            rng = np.random.default_rng((self.seed, index))
            manner = _manner(index, rng)
            samples, phones = speak(self.texts.draw(rng), manner)
            if len(phones) > 2:
                yield Utterance(f"espeak-{index:05d}", samples, phones, manner.voice, "espeak")
                remaining -= len(samples) / SAMPLE_RATE
            index += 1


def speak(text: str, manner: Manner) -> tuple[Samples, tuple[PhoneInterval, ...]]:
    """Return the samples [T] at 16 kHz and the phones of a text.

    Raises:
        ConfigError: espeak-ng is not installed, or lacks the voice.
        ValueError: the voice has a sound that our phones lack; it is not English.
    """
    spoken = synthesise(text, manner)
    floats = spoken.samples.astype(np.float32) / np.float32(32768)
    resampled = soxr.resample(floats, spoken.sample_rate, SAMPLE_RATE)
    samples = np.asarray(np.clip(resampled, -1, 1), np.float32)
    return samples, cover_gaps(phone_times(spoken), len(samples) / SAMPLE_RATE)


def phone_times(spoken: Spoken) -> list[PhoneInterval]:
    """Return the phones between the marks, closures with their stops; pauses are left out."""
    classes = _classes(spoken)
    begins = [
        _begin(spoken, index, classes[index], after_pause=index > 0 and not classes[index - 1])
        for index in range(len(classes))
    ]
    phones: list[PhoneInterval] = []
    for begin, end, parts in zip(begins, [*begins[1:], len(spoken.samples)], classes, strict=True):
        edges = np.linspace(begin, max(begin, end), len(parts) + 1) / spoken.sample_rate
        phones += [
            PhoneInterval(float(start_s), float(end_s), phone)
            for start_s, end_s, phone in zip(edges[:-1], edges[1:], parts, strict=True)
            if end_s > start_s
        ]
    return phones


def _classes(spoken: Spoken) -> list[tuple[int, ...]]:
    """Return the phones of each mark: none in a pause, the phone before in an unnamed glide."""
    edges = [first for first, _ in spoken.marks] + [len(spoken.samples)]
    classes: list[tuple[int, ...]] = []
    for (first, name), end in zip(spoken.marks, edges[1:], strict=True):
        phones = phones_of(name)
        if not phones and classes and _sounds(spoken.samples[first:end]):
            phones = classes[-1][-1:]
        classes.append(phones)
    return classes


def _sounds(samples: NDArray[np.int16]) -> bool:
    return bool(np.count_nonzero(np.abs(samples.astype(np.int32)) > 1) * 2 > len(samples))


def _begin(spoken: Spoken, index: int, classes: tuple[int, ...], *, after_pause: bool) -> int:
    """Return the first sample of a phoneme: of the silence before it, if that is its closure."""
    mark = spoken.marks[index][0]
    if not classes or index == 0 or (after_pause and classes[0] not in _STOPS):
        return mark
    slack = int(_SLACK_S * spoken.sample_rate)
    earliest = spoken.marks[index - 1][0]
    if after_pause:
        earliest = max(earliest, mark - int(_CLOSURE_S * spoken.sample_rate))
    first, last = _silence_before(spoken.samples, mark + slack, earliest)
    return first if last >= mark - slack and first < mark else mark


def _silence_before(samples: NDArray[np.int16], end: int, earliest: int) -> tuple[int, int]:
    """Return the bounds of the last long run of zeros in `[earliest, end)`; both `end` if none."""
    quiet = np.abs(samples[earliest:end].astype(np.int32)) <= 1
    edges = np.flatnonzero(np.diff(quiet, prepend=False, append=False))
    runs = edges.reshape(-1, 2)
    long = runs[runs[:, 1] - runs[:, 0] >= _SHORTEST]
    if not len(long):
        return end, end
    return earliest + int(long[-1, 0]), earliest + int(long[-1, 1])


def _manner(index: int, rng: np.random.Generator) -> Manner:
    accent = ACCENTS[index % len(ACCENTS)]
    variant = VARIANTS[int(rng.integers(len(VARIANTS)))]
    return Manner(
        voice=f"{accent}+{variant}" if variant else accent,
        words_per_minute=int(rng.integers(110, 220)),
        pitch=int(rng.integers(20, 80)),
        pitch_range=int(rng.integers(20, 80)),
    )
