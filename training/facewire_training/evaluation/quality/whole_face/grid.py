"""The upper face of GRID's speaker, as MediaPipe tracked it: what people do while they speak."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.errors import ConfigError
from facewire_training.data.adapters.clip import Clip
from facewire_training.data.adapters.grid import Grid
from facewire_training.shape_sets import UPPER_FACE
from facewire_training.take import Take

MOST_UNSEEN = 0.1
"""Share of frames without a face above which a clip is left out."""
TRACKED = 0.02
"""A shape that no clip moves by more was not tracked."""


def grid_whole_faces(root: Path) -> Iterator[Clip]:
    """Yield GRID's validation clips with the upper face that MediaPipe tracked.

    Raises:
        ConfigError: the folder lacks a file.
    """
    try:
        with np.load(root / "tracks.npz", allow_pickle=False) as tracks:
            places = {str(name): place for place, name in enumerate(tracks["clip"])}
            shapes, rate = tracks["blendshape_names"].tolist(), Fraction(float(tracks["fps"]))
            weights, counts = tracks["blendshapes"], tracks["frames"]
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(
            f"cannot read {root}/tracks.npz: {error}; give the GRID folder"
        ) from error
    for clip in Grid(root).clips():
        place = places[clip.utterance.name]
        raw = weights[place, : counts[place]].astype(np.float32)
        seen = np.isfinite(raw).all(axis=1)
        if len(raw) and seen.mean() >= 1 - MOST_UNSEEN:
            held = raw[np.flatnonzero(seen)[np.maximum(np.cumsum(seen) - 1, 0)]]
            face = arkit.from_named(held, shapes)
            yield Clip(clip.utterance, Take(face, rate, (), _tracked(weights, shapes)))


def _tracked(weights: NDArray[np.floating], shapes: list[str]) -> NDArray[np.bool_]:
    """Return which shapes of the upper face the tracker moves, [52]."""
    span = np.nanmax(weights, axis=(0, 1)) - np.nanmin(weights, axis=(0, 1))
    moved = arkit.from_named((span > TRACKED).astype(np.float32), shapes) > 0
    return moved & np.isin(np.arange(arkit.COUNT), UPPER_FACE)
