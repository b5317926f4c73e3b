"""Ground truth for every 10 ms of a corpus: effort, and procedural animation of the true phones.

`python -m facewire_training.targets --corpus runs/corpus` writes it beside the shards.
"""

import argparse
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from facewire import arkit
from facewire_engines.phone_set import TOKEN_RATE
from facewire_training.frontend import HOP, SAMPLE_RATE
from facewire_training.procedural import animate, effort_from_audio
from facewire_training.shards import Shard, load


@dataclass(frozen=True, slots=True, eq=False)
class ShardTargets:
    """What the decoder should say about each token of a shard."""

    effort: NDArray[np.float16]
    """[T], in [-1, 1]."""
    curves: NDArray[np.float16]
    """[T, 52], at the centres of the tokens."""
    known: NDArray[np.bool_]
    """[T, 52], which of the curves are to be believed; all of those that rules made."""


def load_targets(folder: Path, shard: Shard) -> ShardTargets:
    """Map the targets of a shard into memory.

    Raises:
        FileNotFoundError: they have not been made.
    """
    effort, curves = _paths(folder, shard)
    if not curves.exists():
        raise FileNotFoundError(f"{curves} is missing: run facewire_training.targets first")
    known = folder / f"{shard.corpus}.known.npy"
    return ShardTargets(
        np.load(effort, mmap_mode="r"),
        np.load(curves, mmap_mode="r"),
        np.load(known, mmap_mode="r") if known.exists() else _all_known(len(shard.labels)),
    )


def make_targets(shard: Shard) -> ShardTargets:
    """Animate each utterance of a shard from its true phones."""
    tokens = len(shard.labels)
    effort = np.zeros(tokens, np.float16)
    curves = np.zeros((tokens, arkit.COUNT), np.float16)
    bounds = [int(start) // HOP for start in shard.starts]
    spans = list(pairwise(bounds))
    for index, (start, end) in enumerate(track(spans, description=shard.corpus)):
        samples = shard.audio(index)
        loudness = effort_from_audio(samples, SAMPLE_RATE)[: end - start]
        loudness = np.pad(loudness, (0, end - start - len(loudness)), mode="edge")
        times = (np.arange(end - start) + 0.5) / TOKEN_RATE
        curves[start:end] = animate(shard.phones(index), times, loudness)
        effort[start:end] = loudness
    return ShardTargets(effort, curves, _all_known(tokens))


def no_targets(shard: Shard) -> ShardTargets:
    """Return zeros, for training an encoder alone."""
    tokens = len(shard.labels)
    none = np.broadcast_to(np.float16(0), (tokens, arkit.COUNT))
    return ShardTargets(none[:, 0], none, _all_known(tokens))


def _all_known(tokens: int) -> NDArray[np.bool_]:
    return np.broadcast_to(np.True_, (tokens, arkit.COUNT))


def _paths(folder: Path, shard: Shard) -> tuple[Path, Path]:
    return folder / f"{shard.corpus}.effort.npy", folder / f"{shard.corpus}.curves.npy"


def main() -> None:
    """Make the targets of every shard of a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    folder = parser.parse_args().corpus
    for shard in load(folder):
        effort, curves = _paths(folder, shard)
        if curves.exists():
            print(f"{curves} is there already")
            continue
        made = make_targets(shard)
        np.save(effort, made.effort)
        np.save(curves, made.curves)


if __name__ == "__main__":
    main()
