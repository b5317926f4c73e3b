"""A corpus of seconds whose phones are tones, and two encoders that hear which tone it is."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

import torch

from facewire_engines.phones.phone_set import INDEX
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.data.shards import Shard, load, write
from facewire_training.data.targets import make_targets, save_targets
from facewire_training.phones import PhoneInterval
from facewire_training.speech_encoders.encoder import Representation
from facewire_training.speech_encoders.rows.encoded import write_encoded, write_representation

SAID = ("sil", "b", "aa", "m", "iy", "p", "uw", "f", "ae", "sil")
RATE = 16_000


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads of torch wait for each other on a busy machine; these networks are small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class ToneEncoder:
    """Hears the strongest tone of a row's sound, as an id or as a row of ones and zeros."""

    sample_rate = RATE

    def __init__(self, representation: Representation) -> None:
        self.representation = representation

    def encode(self, speech: Sequence[NDArray[np.float32]]) -> list[NDArray[np.generic]]:
        return [self._encode(one) for one in speech]

    def _encode(self, samples: NDArray[np.float32]) -> NDArray[np.generic]:
        count = self.representation.rows(len(samples), RATE)
        size = int(RATE / self.representation.rate)
        pieces = samples[: count * size].reshape(count, size)
        heard = np.abs(np.fft.rfft(pieces, RATE // 100)).argmax(1) % 48
        if not self.representation.is_ids:
            rows: NDArray[np.float32] = np.eye(48, dtype=np.float32)[heard]
            return rows
        # Ids that lie far apart, so that some digit tells each of them.
        ids: NDArray[np.int32] = heard.astype(np.int32)[:, None] * 131
        return ids % self.representation.vocabulary


IDS = Representation("tones", "labels", Fraction(25), codebooks=1, vocabulary=6561)
FEATURES = Representation("tone-features", "semantic", Fraction(50), width=48)


def speech(seconds: float, seed: int) -> Utterance:
    """Say the same phones in another order, each with its own tone."""
    rng = np.random.default_rng(seed)
    middle = rng.permutation(SAID[1:-1])
    labels = (SAID[0], *middle, SAID[-1])
    times = np.linspace(0, seconds, len(labels) + 1)
    phones = tuple(
        PhoneInterval(float(a), float(b), INDEX[label])
        for a, b, label in zip(times, times[1:], labels, strict=False)
    )
    at = np.arange(int(RATE * seconds)) / RATE
    spoken = np.minimum(np.searchsorted(times, at, "right") - 1, len(labels) - 1)
    tones = np.array([100 * (INDEX[label] + 1) for label in labels])[spoken]
    samples = (0.3 * np.sin(2 * np.pi * tones * at)).astype(np.float32)
    return Utterance(f"u{seed}", samples, phones, "somebody", "made")


@pytest.fixture(scope="package")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("corpus")
    shard = write(folder / "made", [speech(2.4 + 0.3 * i, i) for i in range(6)], {"n": 6})
    save_targets(folder, shard, make_targets(shard))
    return folder


@pytest.fixture(scope="package")
def shard(corpus: Path) -> Shard:
    return load(corpus)[0]


def encode(folder: Path, shard: Shard, representation: Representation) -> Path:
    write_representation(folder, representation)
    every = np.arange(len(shard))
    done = list(write_encoded(folder, "made", shard, every, ToneEncoder(representation)))
    assert done[-1] == len(shard)
    return folder


@pytest.fixture(scope="package")
def ids(shard: Shard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encode(tmp_path_factory.mktemp("ids"), shard, IDS)


@pytest.fixture(scope="package")
def features(shard: Shard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encode(tmp_path_factory.mktemp("features"), shard, FEATURES)
