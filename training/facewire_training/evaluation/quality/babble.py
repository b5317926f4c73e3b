"""Background voices, the same ones every time."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from facewire.frames import Samples
from facewire_training.data.corpora.corpus import Utterance

VOICES = 4


def with_babble(
    utterance: Utterance,
    others: Sequence[Utterance],
    below_db: float,
    seed: int,
    talkers: int = VOICES,
) -> Utterance:
    """Return the utterance with a few other people in the background.

    Args:
        utterance: who is to be animated.
        others: voices to choose from.
        below_db: by how much the mean power of the background is below that of the speech.
        seed: which voices, and from where on.
        talkers: how many, at most.
    """
    rng = np.random.default_rng(seed)
    voices = [other.samples for other in others if len(other.samples)]
    babble: Samples = np.zeros(len(utterance.samples), np.float32)
    for index in rng.permutation(len(voices))[:talkers]:
        voice = np.roll(voices[index], int(rng.integers(len(voices[index]))))
        babble += np.resize(voice, len(babble)) / (_level(voice) + 1e-9)
    wanted = _level(utterance.samples) * 10 ** (-below_db / 20)
    heard = utterance.samples + babble * np.float32(wanted / (_level(babble) + 1e-9))
    return replace(utterance, samples=np.clip(heard, -1, 1).astype(np.float32))


def _level(samples: Samples) -> float:
    """Root mean square."""
    return float(np.sqrt(np.dot(samples, samples) / max(1, len(samples))))
