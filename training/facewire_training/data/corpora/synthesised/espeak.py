"""Speech synthesised by espeak-ng's formants, in many accents and voices, with phone times."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
import soxr

from facewire.frames import Samples
from facewire_engines.phones.ipa import phones_of
from facewire_engines.voices.espeak.library import Manner, Spoken, synthesise
from facewire_engines.voices.espeak.timing import timed_phones
from facewire_training.data.corpora.corpus import SAMPLE_RATE, Utterance, cover_gaps, until_full
from facewire_training.data.corpora.synthesised.texts import Texts
from facewire_training.phones import PhoneInterval

ACCENTS = ("en-us", "en", "en-us", "en-gb-x-rp", "en-us-nyc", "en-gb-scotland", "en-029")

VARIANTS = (
    "", "m1", "f1", "m3", "belinda", "m4", "Annie", "m5", "steph", "m6", "f1", "m7", "anika",
    "Andy", "aunty", "boris", "steph2", "ed", "grandma", "iven", "john", "Andrea", "max", "paul",
    "shelby", "quincy", "rob", "robert", "travis", "zac", "Michael", "Mike",
)  # fmt: skip
"""Those that shape the vocal tract and add neither echo nor breath, so that closures are silent."""


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
        return until_full(self.hours, filter(None, map(self._utterance, count())))

    def _utterance(self, index: int) -> Utterance | None:
        rng = np.random.default_rng((self.seed, index))
        how = manner(ACCENTS[index % len(ACCENTS)], rng)
        samples, phones = speak(self.texts.draw(rng), how)
        if len(phones) <= 2:
            return None
        return Utterance(f"espeak-{index:05d}", samples, phones, how.voice, "espeak")


def speak(
    text: str, how: Manner, phones_of: Callable[[str], tuple[int, ...]] = phones_of
) -> tuple[Samples, tuple[PhoneInterval, ...]]:
    """Return the samples [T] at 16 kHz and the phones of a text.

    Raises:
        ConfigError: espeak-ng is not installed, or lacks the voice.
        ValueError: the voice has a sound that our phones lack; it is not English.
    """
    spoken = synthesise(text, how)
    floats = spoken.samples.astype(np.float32) / np.float32(32768)
    resampled = soxr.resample(floats, spoken.sample_rate, SAMPLE_RATE)
    samples = np.asarray(np.clip(resampled, -1, 1), np.float32)
    return samples, cover_gaps(phone_times(spoken, phones_of), len(samples) / SAMPLE_RATE)


def phone_times(
    spoken: Spoken, phones_of: Callable[[str], tuple[int, ...]] = phones_of
) -> list[PhoneInterval]:
    """Return the phones between the marks, closures with their stops; pauses are left out."""
    rate = spoken.sample_rate
    return [
        PhoneInterval(timed.start / rate, timed.end / rate, timed.phone)
        for timed in timed_phones(spoken, phones_of)
    ]


def manner(language: str, rng: np.random.Generator) -> Manner:
    """Draw a way to say something in a language or accent."""
    variant = VARIANTS[int(rng.integers(len(VARIANTS)))]
    return Manner(
        voice=f"{language}+{variant}" if variant else language,
        words_per_minute=int(rng.integers(110, 220)),
        pitch=int(rng.integers(20, 80)),
        pitch_range=int(rng.integers(20, 80)),
    )
