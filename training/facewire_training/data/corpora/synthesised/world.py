"""Speech of other languages, synthesised by espeak-ng, in the phones that look most like theirs."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import count

import numpy as np

from facewire_engines.phones.ipa import nearest_phones
from facewire_training.data.corpora.corpus import Utterance, until_full
from facewire_training.data.corpora.synthesised.espeak import manner, speak
from facewire_training.data.corpora.synthesised.texts import read_resource


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
        return until_full(self.hours, map(self._utterance, count()))

    def _utterance(self, index: int) -> Utterance:
        rng = np.random.default_rng((self.seed, index))
        languages = list(sentences())
        language = languages[index % len(languages)]
        said = rng.choice(sentences()[language], int(rng.integers(1, 4)), replace=False)
        how = manner(language, rng)
        samples, phones = speak(" ".join(said), how, nearest_phones)
        return Utterance(f"{language}-{index:05d}", samples, phones, how.voice, "world")


@lru_cache(maxsize=1)
def sentences() -> dict[str, list[str]]:
    """Return the sentences of each language, by espeak-ng's code."""
    return tomllib.loads(read_resource("world.toml"))
