"""What a lip reader learns from: faces at the rate of video, and what is said in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facewire.errors import ConfigError
from facewire_engines.phones.phone_set import TOKEN_RATE
from facewire_training.data.corpora.corpus import TOKEN_SIZE, token_labels
from facewire_training.data.shards import UNKNOWN, open_shard
from facewire_training.data.targets import faces_between, load_targets
from facewire_training.recipes.tokens_to_faces.probes.visemes import VISEME_OF
from facewire_training.take import Take

FRAME_RATE = Fraction(25)
"""Of the videos that lip readers are trained on."""
UNTOLD = -100
"""The label of a frame of which nobody knows what is said; torch's losses leave it out."""
_SEEN_SHARE = 0.9
"""Of a clip's frames, at least, in which the captured face was seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A clip as it is seen."""

    faces: NDArray[np.float32]
    """[T, 52] at `FRAME_RATE`, the first at time 0."""
    labels: NDArray[np.int64]
    """[T], a place in `probes.visemes.VISEMES`, or `UNTOLD`."""


def seen_shard(corpus: Path, name: str) -> list[Seen]:
    """Return the clips of a shard that have targets, such as `grid` or `librispeech`.

    Raises:
        ConfigError: the corpus lacks the shard or its targets.
    """
    shard = open_shard(corpus, name)
    targets = load_targets((corpus / name).parent, shard)
    found = []
    for index in range(len(shard)):
        first, last = (int(start) // TOKEN_SIZE for start in shard.starts[index : index + 2])
        frames = int((last - first) / TOKEN_RATE * FRAME_RATE)
        times_s = np.arange(frames) / float(FRAME_RATE)
        faces, known = faces_between(targets, slice(first, last), times_s * TOKEN_RATE - 0.5)
        there = known.any(axis=1)
        if there.mean() < _SEEN_SHARE:
            continue
        labels = _visemes(shard.tokens(index), frames)
        found.append(Seen(faces, np.where(there, labels, UNTOLD)))
    if not found:
        raise ConfigError(f"no face of {corpus / name} was seen; make the corpus again")
    return found


def seen_take(take: Take) -> Seen:
    """Return the face of a take as it is seen at `FRAME_RATE`, linear between its own frames."""
    length_s = len(take) / float(take.frame_rate)
    frames = int(length_s * FRAME_RATE)
    at = np.arange(frames) / float(FRAME_RATE) * float(take.frame_rate)
    low = np.clip(at.astype(int), 0, len(take) - 1)
    high = np.minimum(low + 1, len(take) - 1)
    share = (at - low).astype(np.float32)[:, None]
    faces = take.weights[low] * (1 - share) + take.weights[high] * share
    tokens = token_labels(take.phones, int(np.ceil(length_s * TOKEN_RATE)))
    return Seen(faces.astype(np.float32), _visemes(tokens, frames))


def _visemes(tokens: NDArray[np.uint8], frames: int) -> NDArray[np.int64]:
    """Return what is said at each frame's moment, [frames]."""
    at = (np.arange(frames) * TOKEN_RATE / float(FRAME_RATE)).astype(int)
    classes = tokens[np.minimum(at, len(tokens) - 1)]
    known = classes != UNKNOWN
    return np.where(known, VISEME_OF[np.where(known, classes, 0)], UNTOLD).astype(np.int64)


def crops(
    speech: Sequence[Seen], size: int, frames: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Return random crops: faces `[size, frames, 52]` and labels `[size, frames]`."""
    long = [one for one in speech if len(one.faces) > frames]
    if not long:
        raise ConfigError(f"no clip lasts {float(frames / FRAME_RATE):g} s; take shorter crops")
    faces, labels = [], []
    for place in rng.integers(len(long), size=size):
        one = long[place]
        start = int(rng.integers(len(one.faces) - frames))
        faces.append(one.faces[start : start + frames])
        labels.append(one.labels[start : start + frames])
    return torch.from_numpy(np.stack(faces)), torch.from_numpy(np.stack(labels))
