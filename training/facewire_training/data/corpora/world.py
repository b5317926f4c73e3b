"""Speech of other languages, synthesised by espeak-ng, in the phones that look most like theirs."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np

from facewire_engines.phones.ipa import nearest_phones
from facewire_training.data.corpora.corpus import SAMPLE_RATE, Utterance
from facewire_training.data.corpora.espeak import manner, speak


@dataclass(frozen=True, slots=True)
class World:
    """As many hours as wanted, languages by turns, at several speeds, pitches and voices."""

    hours: float
    seed: int = 0

    def utterances(self) -> Iterator[Utterance]:
        """Yield utterances of one to three sentences until the hours are full.

        Raises:
            ConfigError: espeak-ng is not installed.
        """
        remaining = self.hours * 3600
        languages = list(sentences())
        index = 0
        while remaining > 0:
            rng = np.random.default_rng((self.seed, index))
            language = languages[index % len(languages)]
            said = rng.choice(sentences()[language], int(rng.integers(1, 4)), replace=False)
            how = manner(language, rng)
            samples, phones = speak(" ".join(said), how, nearest_phones)
            yield Utterance(f"{language}-{index:05d}", samples, phones, how.voice, "world")
            remaining -= len(samples) / SAMPLE_RATE
            index += 1


@lru_cache(maxsize=1)
def sentences() -> dict[str, list[str]]:
    """Return the sentences of each language, by espeak-ng's code."""
    text = (resources.files("facewire_training.data.corpora") / "world.toml").read_text("utf-8")
    return tomllib.loads(text)
