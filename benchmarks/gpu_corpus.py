"""A corpus that is made on the spot, for a training whose pace is all that counts."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire_engines.phones.phone_set import PHONES
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.data.shards import write
from facewire_training.data.targets import make_targets, save_targets
from facewire_training.phones import PhoneInterval
from facewire_training.speech_encoders.encoder import Representation
from facewire_training.speech_encoders.rows.encoded import write_encoded, write_representation

RATE = 16_000
WIDTH, FEATURE_RATE = 768, 50
"""Of made features: those of HuBERT base."""
UTTERANCES, LONG_S = 12, 31.0
"""An utterance is a little longer than the longest window."""


def make_corpus(work: Path) -> tuple[Path, Path]:
    """Make tones for phones with the faces that rules give them, and rows of noise for features.

    What is learned from them is worth nothing; a step takes as long as on real ones.

    Returns:
        The folders of the corpus and of its rows.
    """
    corpus, encoded = work / "corpus", work / "encoded"
    shard = write(corpus / "made", map(_utterance, range(UTTERANCES)), {"made": UTTERANCES})
    save_targets(corpus, shard, make_targets(shard))
    encoder = _Noise()
    write_representation(encoded, encoder.representation)
    for _ in write_encoded(encoded, "made", shard, np.arange(len(shard)), encoder):
        pass
    return corpus, encoded


class _Noise:
    """An encoder whose features are drawn, and have the size and rate of HuBERT's."""

    sample_rate = RATE

    def __init__(self) -> None:
        rate = Fraction(FEATURE_RATE)
        self.representation = Representation("noise", "semantic", rate, width=WIDTH)
        self._rng = np.random.default_rng(0)

    def encode(self, speech: Sequence[NDArray[np.float32]]) -> list[NDArray[np.generic]]:
        counts = [self.representation.rows(len(samples), RATE) for samples in speech]
        return [self._rng.standard_normal((n, WIDTH)).astype(np.float32) for n in counts]


def _utterance(seed: int) -> Utterance:
    """Return phones of a tenth of a second, each with its own tone."""
    rng = np.random.default_rng(seed)
    spoken = rng.integers(len(PHONES), size=int(LONG_S * 10))
    phones = tuple(
        PhoneInterval(place / 10, (place + 1) / 10, int(phone))
        for place, phone in enumerate(spoken)
    )
    at = np.arange(int(LONG_S * RATE)) / RATE
    tones = 100 * (1 + spoken[np.minimum((at * 10).astype(int), len(spoken) - 1)])
    sound = (0.3 * np.sin(2 * np.pi * tones * at)).astype(np.float32)
    return Utterance(f"made-{seed}", sound, phones, "nobody", "made")
