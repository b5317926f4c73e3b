"""What the frozen encoder hears of a corpus, with the true faces: what a decoder learns from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch import Tensor

from facewire_engines.phones.engine import PhonesEngine
from facewire_engines.phones.geometry import HOP
from facewire_training.data.shards import open_shard
from facewire_training.data.styles import style_of
from facewire_training.data.targets import load_targets
from facewire_training.model.search import FRAMES, RATE, SAMPLE_RATE, heard
from facewire_training.model.windows import interpolate, nearest


@dataclass(frozen=True, slots=True, eq=False)
class HeardFaces:
    """A clip, or a batch of crops `[B, ...]`, at 60 frames/s."""

    windows: Tensor
    """`[N, 21, 41]` as `search.heard` gives them."""
    known: Tensor
    """`[N, 21]`"""
    truth: Tensor
    """`[N, 52]`"""
    trust: Tensor
    """`[N, 52]`, 1 where the truth was seen."""
    style: Tensor
    """`[N, 2]`, whose way of moving the mouth it is; `data/styles.py`."""


def heard_shard(engine: PhonesEngine, corpus: Path, name: str, count: int) -> list[HeardFaces]:
    """Return up to `count` clips of a shard that has targets, evenly spread.

    Raises:
        ConfigError: the corpus lacks the shard or its targets.
    """
    shard = open_shard(corpus, name)
    targets = load_targets((corpus / name).parent, shard)
    chosen = np.linspace(0, len(shard) - 1, min(count, len(shard))).astype(int)
    found = []
    for index in track(chosen.tolist(), description=f"hearing {name}"):
        windows, known = heard(engine, shard.audio(index))
        first, last = (int(start) // HOP for start in shard.starts[index : index + 2])
        curves = torch.from_numpy(np.array(targets.curves[first:last], np.float32))
        trusted = torch.from_numpy(np.array(targets.known[first:last], np.float32))
        times = torch.arange(len(windows)) * float(SAMPLE_RATE / RATE)
        found.append(
            HeardFaces(
                windows,
                known,
                interpolate(curves[None], times)[0],
                nearest(trusted[None], times)[0],
                torch.from_numpy(style_of(shard.corpus)).expand(len(windows), -1),
            )
        )
    return found


def crops(
    speech: Mapping[str, Sequence[HeardFaces]],
    shares: Mapping[str, float],
    size: int,
    rng: np.random.Generator,
) -> HeardFaces:
    """Return `size` random crops of 1.5 s: of each shard, by name, its share on average."""
    names = [name for name in shares if shares[name] > 0]
    chances = np.array([shares[name] for name in names])
    parts = []
    for name in rng.choice(names, size, p=chances / chances.sum()):
        long = [one for one in speech[name] if len(one.windows) > FRAMES]
        # By length, so that each moment is as likely as any other.
        lengths = np.array([len(one.windows) for one in long], float)
        one = long[int(rng.choice(len(long), p=lengths / lengths.sum()))]
        start = int(rng.integers(len(one.windows) - FRAMES))
        cut = slice(start, start + FRAMES)
        parts.append([getattr(one, field.name)[cut] for field in fields(one)])
    return HeardFaces(*(torch.stack(column) for column in zip(*parts, strict=True)))
