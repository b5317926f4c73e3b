"""Windows of ids with their true faces, at random moments of a corpus. Seeded by step."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facewire.errors import ConfigError
from facewire_engines.cosyvoice.decoder import AFTER, BEFORE, REST
from facewire_engines.phones.phone_set import INDEX
from facewire_training.data.shards import UNKNOWN, Shard, load
from facewire_training.data.targets import ShardTargets, faces_between, load_targets
from facewire_training.recipes.cosyvoice.token_shards import TokenShard, load_tokens

LOOKAHEADS_MS = (0, 40, 80, 120, 160, 240, 320, 320)
FRAME_RATES = (25, 30, 50, 60)
HOPS = 4
"""Of 10 ms, in a token."""
RATE = Fraction(25)


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Inputs of consecutive frames, B runs of N, and what the face should be."""

    tokens: Tensor
    """[B, N, 16]."""
    known: Tensor
    """[B, N, 16]."""
    phase: Tensor
    """[N]."""
    truth: Tensor
    """[B, N, 52]."""
    believed: Tensor
    """[B, N, 52], which of the true weights are known."""
    speech: Tensor
    """[B, N], 1 where something is said, -1 where nobody knows."""


class TokenBatches:
    """Draws windows. Batch `n` is always the same for the same seed."""

    def __init__(self, corpus: Path, tokens: Path, *, batch: int, frames: int, seed: int) -> None:
        """Open the shards of a corpus whose ids have been made.

        Raises:
            ConfigError: there are none, or they are of several spaces.
        """
        self.batch, self.frames, self.seed = batch, frames, seed
        self.shards: Sequence[tuple[Shard, ShardTargets, TokenShard]] = [
            (shard, load_targets(corpus, shard), load_tokens(tokens, shard))
            for shard in load(corpus)
            if (tokens / f"{shard.corpus}.npz").is_file()
        ]
        spaces = {ids.space for _, _, ids in self.shards}
        if len(spaces) != 1:
            found = " and ".join(sorted(spaces)) or "no ids"
            raise ConfigError(f"{tokens} has to hold ids of one tokenizer, but holds {found}")
        (self.space,) = spaces
        hours = np.array([shard.hours for shard, _, _ in self.shards])
        self._shares = np.sqrt(hours) / np.sqrt(hours).sum()

    def draw(self, step: int) -> Windows:
        """Return a batch."""
        rng = np.random.default_rng((self.seed, step))
        spacing = RATE / int(rng.choice(FRAME_RATES))
        times = np.arange(self.frames) * float(spacing) + rng.random()
        ahead = float(rng.choice(LOOKAHEADS_MS)) / 1000 * float(RATE)
        crops = [self._crop(rng, times) for _ in range(self.batch)]
        places = np.floor(times).astype(int)[:, None] + np.arange(-BEFORE, AFTER + 1)
        known = places < np.floor(times + ahead)[:, None]
        return Windows(
            tokens=torch.from_numpy(np.stack([crop[0] for crop in crops])),
            known=torch.from_numpy(known.astype(np.float32)).expand(self.batch, -1, -1),
            phase=torch.from_numpy((times % 1.0).astype(np.float32)),
            truth=torch.from_numpy(np.stack([crop[1] for crop in crops])),
            believed=torch.from_numpy(np.stack([crop[2] for crop in crops])),
            speech=torch.from_numpy(np.stack([crop[3] for crop in crops])),
        )

    def _crop(self, rng: np.random.Generator, times: NDArray[np.floating]) -> tuple[
        NDArray[np.int64], NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32]
    ]:  # fmt: skip
        """Return windows, faces, which of these are known, and whether one speaks."""
        shard, targets, ids = self.shards[rng.choice(len(self.shards), p=self._shares)]
        utterance = int(rng.integers(len(shard)))
        said = ids.tokens(utterance)
        reach = int(np.ceil(times[-1])) + 1
        # A crop may begin before the speech and end after it, where there is rest.
        start = int(rng.integers(-2, max(1, len(said) - reach // 2)))
        padded = np.concatenate((
            np.full(BEFORE + 2, REST), said, np.full(reach + AFTER + 2, REST),
        )).astype(np.int64)  # fmt: skip
        places = np.floor(times).astype(int)[:, None] + np.arange(-BEFORE, AFTER + 1) + start
        tokens = padded[places + BEFORE + 2]
        begin, end = (int(s) // 160 for s in shard.starts[utterance : utterance + 2])
        at = (times + start) * HOPS - 0.5
        inside = ((at >= 0) & (at < end - begin - 1))[:, None]
        faces, known = faces_between(targets, slice(begin, end), at)
        low = np.clip(at.astype(int), 0, end - begin - 2) + begin
        labels = np.asarray(shard.labels[low])
        speech = np.where(inside[:, 0], np.where(labels == UNKNOWN, -1, labels != INDEX["sil"]), 0)
        return tokens, faces * inside, known | ~inside, speech.astype(np.float32)
