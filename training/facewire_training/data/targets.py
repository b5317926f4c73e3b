"""Ground truth for every 10 ms of a corpus: effort, and procedural animation of the true phones.

`python -m facewire_training.data.targets --corpus runs/corpus` writes it beside the shards. Targets
say of which content of a shard they were made, and by which rules: those of other audio, other
phones or other rules are refused.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from facewire import arkit
from facewire.errors import ConfigError
from facewire_engines.phones.geometry import HOP
from facewire_engines.phones.phone_set import PHONES, TOKEN_RATE
from facewire_training.animation.lip_solver import solve
from facewire_training.animation.procedural import animate, effort_from_audio
from facewire_training.command import make_parser, run_command
from facewire_training.data.corpora.corpus import SAMPLE_RATE
from facewire_training.data.shards import Shard, load
from facewire_training.data.styles import CAPTURED
from facewire_training.phones import PhoneInterval

_ARRAYS = ("effort", "curves", "known")


@dataclass(frozen=True, slots=True, eq=False)
class ShardTargets:
    """What the decoder should say about each token of a shard."""

    effort: NDArray[np.float16]
    """[T], in [-1, 1]."""
    curves: NDArray[np.float16]
    """[T, 52], at the centres of the tokens."""
    known: NDArray[np.bool_]
    """[T, 52], which of the curves are to be believed; all of those that rules made."""


def faces_between(
    targets: ShardTargets, tokens: slice, places: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return faces `[F, 52]` between the tokens of an utterance, and which weights are known.

    Args:
        targets: of its shard.
        tokens: of the utterance, from its first to past its last one.
        places: [F], in tokens from the centre of the first one; outside stands the nearest face.
    """
    last = tokens.stop - tokens.start - 1
    at = np.clip(places, 0, last)
    low = at.astype(int)
    share = (at - low).astype(np.float32)[:, None]
    low, high = low + tokens.start, np.minimum(low + 1, last) + tokens.start
    faces = targets.curves[low] * (1 - share) + targets.curves[high] * share
    known = np.asarray(targets.known[low]) & np.asarray(targets.known[high])
    return faces.reshape(-1, arkit.COUNT).astype(np.float32), known


def load_targets(folder: Path, shard: Shard) -> ShardTargets:
    """Map the targets of a shard into memory.

    Raises:
        ConfigError: they have not been made, or were made of other audio or phones, or by other
            rules.
    """
    if not fits(folder, shard):
        again = "again " if _path(folder, shard, "targets.json").exists() else ""
        raise ConfigError(
            f"{folder} has no targets that were made of {shard.corpus} as it is now; run "
            f"python -m facewire_training.data.targets {again}(or prepare_captures, for captured "
            "faces)"
        )
    effort, curves, known = (_path(folder, shard, f"{name}.npy") for name in _ARRAYS)
    return ShardTargets(
        np.load(effort, mmap_mode="r"),
        np.load(curves, mmap_mode="r"),
        np.load(known, mmap_mode="r") if known.exists() else _all_known(len(shard.labels)),
    )


def save_targets(folder: Path, shard: Shard, targets: ShardTargets) -> None:
    """Write the targets of a shard beside it."""
    # Written last: its presence says that the arrays are whole.
    made_of = _path(folder, shard, "targets.json")
    made_of.unlink(missing_ok=True)
    effort, curves, known = (_path(folder, shard, f"{name}.npy") for name in _ARRAYS)
    np.save(effort, targets.effort)
    np.save(curves, targets.curves)
    if targets.known.all():
        known.unlink(missing_ok=True)
    else:
        np.save(known, targets.known)
    made_of.write_text(json.dumps(_origin(shard)) + "\n", encoding="utf-8")


def fits(folder: Path, shard: Shard) -> bool:
    """Tell whether there are targets, made of what the shard holds now by the rules as they are."""
    try:
        found = json.loads(_path(folder, shard, "targets.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(found == _origin(shard))


def _origin(shard: Shard) -> dict[str, str]:
    return {"made_of": shard.fingerprint, "rules": rules_fingerprint()}


@lru_cache(maxsize=1)
def rules_fingerprint() -> str:
    """Return sha256 of what the rules make of every pair of phones, and of mouths to solve.

    Not of their source: a comment makes no other targets. To two digits, as processors differ in
    the last ones.
    """
    pairs = [phone for pair in product(range(len(PHONES)), repeat=2) for phone in pair]
    said = [PhoneInterval(0.08 * at, 0.08 * (at + 1), phone) for at, phone in enumerate(pairs)]
    times = np.arange(0, said[-1].end_s, 0.04)
    faces = animate(said, times, np.sin(times))
    gap, width, jaw = np.meshgrid(np.linspace(0, 0.6, 7), np.linspace(-0.3, 0.2, 6), [0.05, 0.2])
    mouths = solve(gap.ravel(), width.ravel(), jaw.ravel())
    digits = np.round(100 * np.concatenate((faces, mouths))).astype(np.uint8)
    return hashlib.sha256(digits.tobytes()).hexdigest()


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
    """Return faces of zeros and an effort that nobody measured, for training an encoder alone."""
    tokens = len(shard.labels)
    effort = np.broadcast_to(np.float16(np.nan), (tokens,))
    none = np.broadcast_to(np.float16(0), (tokens, arkit.COUNT))
    return ShardTargets(effort, none, _all_known(tokens))


def _all_known(tokens: int) -> NDArray[np.bool_]:
    return np.broadcast_to(np.True_, (tokens, arkit.COUNT))


def _path(folder: Path, shard: Shard, end: str) -> Path:
    return folder / f"{shard.corpus}.{end}"


def main() -> None:
    """Make the targets of every shard of a folder that lacks them."""
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    folder = parser.parse_args().corpus
    for shard in load(folder):
        if fits(folder, shard):
            print(f"{shard.corpus}: the targets are there already")
        elif shard.corpus in CAPTURED:
            raise ConfigError(
                f"the faces of {shard.corpus} were captured; run "
                "python -m facewire_training.data.prepare_captures again"
            )
        else:
            save_targets(folder, shard, make_targets(shard))


if __name__ == "__main__":
    run_command(main)
