"""The speech and the captured faces of a folder, whatever its layout.

* `librispeech/`: the validation speakers; `grid_s1/` and `facegood/` beside it, if they are there;
  and sounds without speech, which are made
* `smplxflame_30/`: BEAT2
* else audio files beside phone times or faces of the same name (`adapters.folder`)

`ict_facekit/`, if it is there, gives errors in millimetres.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from facewire.errors import ConfigError
from facewire_training.adapters.beat2 import Beat2
from facewire_training.adapters.clip import Clip
from facewire_training.adapters.folder import Folder
from facewire_training.adapters.grid import Grid
from facewire_training.corpora.librispeech import LibriSpeech
from facewire_training.corpora.nospeech import NoSpeech
from facewire_training.lip_mesh import load_lip_mesh
from facewire_training.metrics.mesh_error import LipMesh
from facewire_training.quality.request import Request

FACEGOOD_VALIDATION = ("1114_3_15", "1114_3_16")
"""Recordings that are never trained on."""

NO_SPEECH_HOURS = 0.05
NO_SPEECH_SEED = 20_000
"""Training draws from smaller seeds."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What is measured on."""

    sets: dict[str, list[Clip]]
    """By name; each has at least one clip."""
    lips: LipMesh | None


def load_material(request: Request) -> Material:
    """Read what the folder holds, and choose as many clips of each set as were asked for.

    Raises:
        ConfigError: the folder holds nothing to measure on, or a file cannot be read.
    """
    root = request.data
    if not root.is_dir():
        raise ConfigError(f"there is no folder {root}; give one with --data")
    found = {name: spread(list(clips), request.utterances) for name, clips in _sets(request)}
    mesh = root / "ict_facekit"
    return Material(found, load_lip_mesh(mesh) if mesh.is_dir() else None)


def _sets(request: Request) -> Iterable[tuple[str, Iterable[Clip]]]:
    root = request.data
    if (root / "librispeech").is_dir():
        speech = LibriSpeech(root / "librispeech").validation()
        yield "LibriSpeech, validation speakers", (Clip(utterance) for utterance in speech)
        noise = NoSpeech(NO_SPEECH_HOURS, NO_SPEECH_SEED).utterances()
        yield "no speech: typing, music, wind, breath", (Clip(utterance) for utterance in noise)
        if (root / "grid_s1").is_dir():
            yield "GRID, captured, validation clips", Grid(root / "grid_s1").clips()
        if (root / "facegood").is_dir():
            facegood = Folder(root / "facegood", only=FACEGOOD_VALIDATION)
            yield "FACEGOOD, Mandarin, captured, validation", facegood.clips()
    elif (root / "smplxflame_30").is_dir():
        if request.matrix is None:
            raise ConfigError("BEAT2 needs its authors' matrix; give the .npy file with --matrix")
        yield "BEAT2, test", Beat2(root, request.matrix).clips()
    else:
        yield root.resolve().name, Folder(root).clips()


def spread(items: list[T], count: int | None) -> list[T]:
    """Return as many items as were asked for, spread evenly over the list."""
    if count is None or count >= len(items):
        return items
    places = np.linspace(0, len(items) - 1, max(count, 1)).round().astype(int)
    return [items[place] for place in places]


def describe_clips(clips: list[Clip]) -> str:
    """Return how much speech that is."""
    seconds = sum(clip.utterance.duration_s for clip in clips)
    length = f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.0f} s"
    found = f"{len(clips)} clip{'s' * (len(clips) != 1)}, {length}"
    if any(phone.label != "sil" for clip in clips for phone in clip.utterance.phones):
        speakers = len({clip.utterance.speaker for clip in clips})
        found += f", {speakers} speaker{'s' * (speakers != 1)}"
    return found
