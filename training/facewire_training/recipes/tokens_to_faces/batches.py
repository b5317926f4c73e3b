"""Windows of encoded speech with their true faces, from a corpus. Seeded by step."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_engines.phones.phone_set import TOKEN_RATE
from facewire_training.data.corpora.corpus import TOKEN_SIZE
from facewire_training.data.shards import Shard, load
from facewire_training.data.splits import check_training
from facewire_training.data.targets import ShardTargets, faces_between, load_targets
from facewire_training.recipes.tokens_to_faces.decoders.decoder import FaceBatch, Speech
from facewire_training.recipes.tokens_to_faces.decoders.setting import Setting
from facewire_training.speech_encoders.encoder import Representation
from facewire_training.speech_encoders.rows.encoded import (
    EncodedShard,
    load_encoded,
    read_representation,
)


@dataclass(frozen=True, slots=True)
class BatchConfig:
    """What a batch is made of."""

    batch: int = 16
    """Windows in it, on all devices together."""
    token_noise: float = 0.0
    """Share of ids that are replaced by any other: a TTS samples what no recording has."""
    feature_noise: float = 0.0
    """Standard deviation of what is added to features, against their own."""
    other_share: float = 0.5
    """Of the windows whose utterance has other rows too, such as those a TTS makes when it is
    forced along the truth: how many come from these."""
    corpora: tuple[str, ...] = ()
    """Only these; all that are encoded if none is named."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A shard as it is learned from."""

    shard: Shard
    targets: ShardTargets
    encoded: EncodedShard
    other: dict[int, NDArray[np.generic]]
    """Other rows of some utterances, by their place in `encoded`."""
    places: NDArray[np.intp]
    """Where in `encoded` utterances are that have rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A stretch of an utterance."""

    rows: NDArray[np.generic]
    """`[N, width]` or `[N, codebooks]`."""
    faces: NDArray[np.float32]
    """`[F, 52]`."""
    known: NDArray[np.bool_]
    """`[F, 52]`."""
    name: str


class Batches:
    """Draws batches. Batch `n` is always the same for the same seed."""

    def __init__(
        self,
        corpus: Path,
        encoded: Path,
        config: BatchConfig,
        setting: Setting,
        seed: int,
        other: Path | None = None,
    ) -> None:
        """Open what is encoded of a corpus.

        Args:
            corpus: folder of shards and of their targets.
            encoded: folder of rows.
            config: how windows are drawn.
            setting: whose rows they have to be, the frame rate and the longest window.
            seed: of everything that is drawn.
            other: folder of other rows of the same audio, such as those that a TTS has made.

        Raises:
            ConfigError: there are no rows, they are another encoder's, or ids are out of range.
        """
        self.config, self.setting, self.seed = config, setting, seed
        shards = [
            shard
            for shard in load(corpus)
            if (encoded / f"{shard.corpus}.json").is_file()
            and (not config.corpora or shard.corpus in config.corpora)
        ]
        if not shards:
            wanted = " or ".join(config.corpora) or "any shard"
            raise ConfigError(f"{encoded} holds no rows of {wanted} of {corpus}; encode it first")
        self.sources: Sequence[Source] = [
            _source(corpus, shard, encoded, other, setting.representation) for shard in shards
        ]
        if other is not None and not any(source.other for source in self.sources):
            raise ConfigError(f"no utterance has as many rows in {other} as in {encoded}")
        hours = np.sqrt([shard.hours for shard in shards])
        self._shares = hours / hours.sum()

    def hours(self) -> dict[str, float]:
        """Return how much of each corpus is learned from."""
        rate = float(self.setting.representation.rate) * 3600
        return {s.shard.corpus: len(s.encoded.rows) / rate for s in self.sources}

    def draw(self, step: int, rank: int = 0, world: int = 1) -> FaceBatch:
        """Return a batch, or the share of it that one of several processes learns from."""
        windows = self.windows(step, rank, world)
        rows = [torch.from_numpy(window.rows) for window in windows]
        faces = [torch.from_numpy(window.faces) for window in windows]
        trust = [torch.from_numpy(window.known.astype(np.float32)) for window in windows]
        pad = torch.nn.utils.rnn.pad_sequence
        return FaceBatch(
            Speech(pad(rows, batch_first=True), torch.tensor([len(r) for r in rows])),
            pad(faces, batch_first=True),
            pad(trust, batch_first=True),
            torch.tensor([len(f) for f in faces]),
            self.setting.frame_rate,
        )

    def windows(self, step: int, rank: int = 0, world: int = 1) -> list[Window]:
        """Return the windows of a batch. Each has its own seed, whoever draws it."""
        places = range(rank, self.config.batch, world)
        return [self._window(np.random.default_rng((self.seed, step, place))) for place in places]

    def _window(self, rng: np.random.Generator) -> Window:
        source = self.sources[rng.choice(len(self.sources), p=self._shares)]
        place = int(source.places[rng.integers(len(source.places))])
        rows = source.encoded.rows_of(place)
        if place in source.other and rng.random() < self.config.other_share:
            rows = source.other[place]
        rate = self.setting.representation.rate
        count = min(len(rows), int(self.setting.seconds * rate))
        first = int(rng.integers(len(rows) - count + 1))
        rows = self._noisy(rows[first : first + count], rng)
        frames = int(self.setting.frames_of(torch.tensor(count)))
        start = float(first / rate)
        times = start + np.arange(frames) / float(self.setting.frame_rate)
        utterance = int(source.encoded.utterances[place])
        faces, known = faces_at(source.shard, source.targets, utterance, times)
        name = f"{source.shard.corpus}/{source.shard.names[utterance]} at {start:.1f} s"
        return Window(rows, faces, known, name)

    def _noisy(self, rows: NDArray[np.generic], rng: np.random.Generator) -> NDArray[np.generic]:
        config, representation = self.config, self.setting.representation
        if representation.is_ids:
            if not config.token_noise:
                return rows
            replaced = rng.random(rows.shape) < config.token_noise
            return np.where(replaced, rng.integers(0, representation.vocabulary, rows.shape), rows)
        if not config.feature_noise:
            return rows
        size = config.feature_noise * float(rows.astype(np.float32).std())
        return rows.astype(np.float32) + size * rng.standard_normal(rows.shape, np.float32)


def faces_at(
    shard: Shard, targets: ShardTargets, utterance: int, times: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return true faces `[F, 52]` at seconds of an utterance, and which weights are known."""
    begin, end = (int(start) // TOKEN_SIZE for start in shard.starts[utterance : utterance + 2])
    return faces_between(targets, slice(begin, end), times * TOKEN_RATE - 0.5)


def _source(
    corpus: Path, shard: Shard, folder: Path, other: Path | None, representation: Representation
) -> Source:
    check_training(shard)
    encoded = _checked(folder, shard, representation)
    alike: dict[int, NDArray[np.generic]] = {}
    if other is not None and (other / f"{shard.corpus}.json").is_file():
        also = _checked(other, shard, representation)
        place_of = {int(utterance): place for place, utterance in enumerate(also.utterances)}
        for place, utterance in enumerate(encoded.utterances):
            rows = also.rows_of(place_of[utterance]) if utterance in place_of else None
            if rows is not None and len(rows) == encoded.starts[place + 1] - encoded.starts[place]:
                alike[place] = rows
    places = np.flatnonzero(np.diff(encoded.starts))
    if not len(places):
        raise ConfigError(f"no utterance of {shard.corpus} has rows; leave it out of --corpora")
    return Source(shard, load_targets(corpus, shard), encoded, alike, places)


def _checked(folder: Path, shard: Shard, representation: Representation) -> EncodedShard:
    """Return a shard's rows, checked against what its encoder says.

    Raises:
        ConfigError: they are another encoder's, or out of range.
    """
    if read_representation(folder) != representation:
        raise ConfigError(f"{folder} holds the rows of another encoder than {representation.name}")
    encoded = load_encoded(folder, shard.corpus, shard)
    wide = representation.codebooks or representation.width
    if encoded.rows.shape[1:] != (wide,):
        raise ConfigError(
            f"the rows of {shard.corpus} in {folder} have {encoded.rows.shape[1]} numbers, but "
            f"{representation.name} has {wide}; encode it again"
        )
    ids = encoded.rows if representation.is_ids else encoded.rows[:0]
    low, high = int(ids.min(initial=0)), int(ids.max(initial=0))
    if low < 0 or high >= representation.vocabulary > 0:
        raise ConfigError(
            f"{folder} holds id {low if low < 0 else high} of {shard.corpus}, but the ids of "
            f"{representation.name} are below {representation.vocabulary}, and not below 0; "
            "encode it again"
        )
    return encoded
