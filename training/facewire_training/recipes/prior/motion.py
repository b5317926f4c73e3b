"""Faces at the moments of the encoder's rows, with those rows: what codes and decoder learn from.

Of a captured face only some shapes were seen. The others are what the embedded model shows of the
same speech, believed less: codes are of whole faces.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facewire.errors import ConfigError
from facewire_engines.phones.engine import PhonesEngine
from facewire_engines.phones.phone_set import TOKEN_RATE
from facewire_training.data.corpora.corpus import TOKEN_SIZE, Utterance
from facewire_training.data.shards import Shard
from facewire_training.data.styles import STYLES
from facewire_training.data.targets import ShardTargets, faces_between
from facewire_training.evaluation.performers import Streamed
from facewire_training.speech_encoders.encoder import Representation
from facewire_training.speech_encoders.phone_rows import PhoneRowsEncoder
from facewire_training.training_run import read_arrays

FILLED = 0.2
"""How far the embedded model is believed about what was not captured."""
FILL_RATE = Fraction(50)
FILL_LOOKAHEAD_MS = 160.0

RULES = "rules"
"""The style of procedural faces."""
NAMES: tuple[str, ...] = (RULES, *STYLES)
"""Styles, in the order of a style vector's shares."""


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Utterances end to end. Utterance `i` is `slice(starts[i], starts[i + 1])`."""

    rows: NDArray[np.float16]
    """[N, width], what the encoder says."""
    faces: NDArray[np.float16]
    """[N, 52], the faces of the moments that rows stand for."""
    trust: NDArray[np.float16]
    """[N, 52], how far they are to be believed."""
    starts: NDArray[np.int64]
    """[U + 1]."""
    style: str
    """One of `NAMES`."""

    def __len__(self) -> int:
        return len(self.starts) - 1

    def utterance(self, place: int) -> slice:
        """Return where an utterance is."""
        return slice(int(self.starts[place]), int(self.starts[place + 1]))


def first_rows(motion: Motion, rows: int) -> Motion:
    """Return the first so many rows of motion; the utterance that they end in is cut."""
    end = min(rows, len(motion.rows))
    starts = np.append(motion.starts[motion.starts < end], end)
    return Motion(motion.rows[:end], motion.faces[:end], motion.trust[:end], starts, motion.style)


def make_motion(
    shard: Shard, targets: ShardTargets, encoder: PhoneRowsEncoder, engine: PhonesEngine, every: int
) -> Motion:
    """Encode every so-manieth utterance of a shard, and read its faces at the rows' moments."""
    parts = list(_utterances(shard, targets, encoder, engine, every))
    rows, faces, trust = (np.concatenate(column) for column in zip(*parts, strict=True))
    starts = np.cumsum([0, *(len(part[0]) for part in parts)])
    style = shard.corpus if shard.corpus in STYLES else RULES
    return Motion(rows, faces, trust, starts, style)


def _utterances(
    shard: Shard, targets: ShardTargets, encoder: PhoneRowsEncoder, engine: PhonesEngine, every: int
) -> Iterator[tuple[NDArray[np.float16], NDArray[np.float16], NDArray[np.float16]]]:
    filled = Streamed(engine, FILL_LOOKAHEAD_MS)
    for index in range(0, len(shard), every):
        (rows,) = encoder.encode([shard.audio(index)])
        if not len(rows):
            continue
        begin, end = (int(start) // TOKEN_SIZE for start in shard.starts[index : index + 2])
        times = moments(encoder.representation, len(rows))
        faces, known = faces_between(targets, slice(begin, end), times * TOKEN_RATE - 0.5)
        trust = known.astype(np.float32)
        if not known.all():
            seen = filled(_utterance(shard, index), FILL_RATE).weights
            at = np.clip(times * float(FILL_RATE), 0, len(seen) - 1).round().astype(int)
            faces = np.where(known, faces, seen[at])
            trust = np.where(known, 1.0, FILLED)
        yield rows.astype(np.float16), faces.astype(np.float16), trust.astype(np.float16)


def moments(representation: Representation, count: int) -> NDArray[np.float64]:
    """Return when the first so many rows stand, in seconds."""
    numbers = np.arange(count, dtype=np.float64) + float(representation.middle)
    return np.asarray(numbers / float(representation.rate))


def _utterance(shard: Shard, index: int) -> Utterance:
    """Return the speech of an utterance; what is said in it is not needed."""
    return Utterance(
        shard.names[index], shard.audio(index), (), shard.speakers[index], shard.corpus
    )


def save_motion(path: Path, motion: Motion) -> None:
    """Write a motion to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".tmp.npz")
    np.savez(
        partial, rows=motion.rows, faces=motion.faces, trust=motion.trust, starts=motion.starts,
        style=np.array(motion.style),
    )  # fmt: skip
    partial.replace(path)


def load_motion(path: Path) -> Motion:
    """Read what `save_motion` wrote.

    Raises:
        ConfigError: there is no such file, or it is damaged.
    """
    names = ("rows", "faces", "trust", "starts", "style")
    held = read_arrays(path, names, "facewire_training.recipes.prior.prepare")
    return Motion(held["rows"], held["faces"], held["trust"], held["starts"], str(held["style"]))


@dataclass(frozen=True, slots=True, eq=False)
class MotionBatch:
    """Crops of motion, `[B, N, ...]`."""

    rows: Tensor
    faces: Tensor
    trust: Tensor
    shares: Tensor
    """`[B, styles]`, one-hot by `NAMES`."""


class Crops:
    """Draws crops of motion. Batch `n` is always the same for the same seed."""

    def __init__(
        self, motions: Sequence[Motion], shares: Sequence[float], batch: int, length: int, seed: int
    ) -> None:
        """Take motions, and how often each is drawn."""
        self._motions = motions
        self._chances = np.array(shares) / np.sum(shares)
        self._batch, self._length, self._seed = batch, length, seed
        self._long = [np.flatnonzero(np.diff(m.starts) >= length) for m in motions]
        short = [m.style for m, long in zip(motions, self._long, strict=True) if not len(long)]
        if short:
            raise ConfigError(f"no utterance of {short[0]} has {length} rows; take a shorter crop")

    def draw(self, step: int) -> MotionBatch:
        """Return a batch."""
        rng = np.random.default_rng((self._seed, step))
        parts = [self._crop(rng) for _ in range(self._batch)]
        rows, faces, trust, shares = (
            torch.from_numpy(np.stack(column).astype(np.float32))
            for column in zip(*parts, strict=True)
        )
        return MotionBatch(rows, faces, trust, shares)

    def _crop(self, rng: np.random.Generator) -> tuple[NDArray[np.floating], ...]:
        which = int(rng.choice(len(self._motions), p=self._chances))
        motion, long = self._motions[which], self._long[which]
        # Longer utterances are drawn more often, as they hold more.
        room = np.diff(motion.starts)[long] - self._length + 1
        place = int(long[rng.choice(len(long), p=room / room.sum())])
        start = int(motion.starts[place]) + int(rng.integers(
            motion.starts[place + 1] - motion.starts[place] - self._length + 1))  # fmt: skip
        cut = slice(start, start + self._length)
        share = np.array([motion.style == name for name in NAMES], np.float32)
        return motion.rows[cut], motion.faces[cut], motion.trust[cut], share
