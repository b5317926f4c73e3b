"""One English speaker with his tracked face: 1,000 clips of 3 s (GRID speaker 1, CC BY 4.0).

Cooke et al. 2006, "An audio-visual corpus for speech perception and automatic speech recognition".

The tracker's own blendshapes are on their own scale and leave many shapes still. Lip opening and
width are therefore measured on the landmarks, only the jaw is the tracker's, and one scale each
brings them to the amplitude of the procedural animation of the same clips.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.errors import ConfigError
from facewire_training.animation.lip_solver import SHAPES, solve
from facewire_training.data.capture import Capture
from facewire_training.data.corpora.audio_file import read_mono
from facewire_training.data.corpora.face_landmarks import measure
from facewire_training.data.splits import GRID_TEST, GRID_TRAINING, GRID_VALIDATION

Floats = NDArray[np.float64]

IMAGE_SIZE = (360, 288)
"""Width and height of the video in pixels; depth is in units of the width."""

DELAY_S = 0.009
"""How far the tracks lag the sound, beyond what the procedural animation does: loudness leads their
lip gap and jaw by 19 ms, and those of the animation by 15 and 5 ms, as `data/capture_delay.py`
measures. The mean of both."""

TOUCH = 0.0102
"""Lip opening, in distances between the eyes, at which lips touch: three of four closures of
p b m come below it, at 25 frames a second."""

SPEAKING = slice(18, 53)
"""Frames in which every clip speaks; those before `RESTING.stop` are mostly rest."""
RESTING = slice(0, 6)

PROCEDURAL_GAP = 0.362
"""95th percentile in `SPEAKING` frames of the procedural animation of the training clips. `TOUCH`
is from the 59 of them that pocketsphinx could align."""
PROCEDURAL_JAW = 0.212
"""As above, of jawOpen."""
PROCEDURAL_WIDTH = 0.330
"""As above: from the 5th to the 95th percentile of the width of the mouth."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A folder with `audio/` and `tracks.npz`."""

    root: Path

    def train(self) -> Iterator[Capture]:
        """Yield the training clips.

        Raises:
            ConfigError: the folder lacks a file.
        """
        return self._captures(GRID_TRAINING)

    def validation(self) -> Iterator[Capture]:
        """Yield the clips that choices are made by.

        Raises:
            ConfigError: the folder lacks a file.
        """
        return self._captures(GRID_VALIDATION)

    def test(self) -> Iterator[Capture]:
        """Yield the clips that no choice is made by.

        Raises:
            ConfigError: the folder lacks a file.
        """
        return self._captures(GRID_TEST)

    def _captures(self, places: slice) -> Iterator[Capture]:
        clips, counts, frame_rate, weights = _tracks(self.root / "tracks.npz")
        known = np.isin(arkit.NAMES, SHAPES)
        for place in range(len(clips))[places]:
            yield Capture(
                name=clips[place],
                samples=read_mono(self.root / "audio" / f"{clips[place]}.opus"),
                weights=weights[place, : counts[place]],
                known=known,
                frame_rate=frame_rate,
                corpus="grid",
                speaker="grid-1",
                start_s=-DELAY_S,
            )


@lru_cache(maxsize=1)
def _tracks(path: Path) -> tuple[list[str], list[int], Fraction, NDArray[np.float32]]:
    """Return the clips, their counts of frames, the frame rate, and the weights [N, T, 52]."""
    try:
        with np.load(path, allow_pickle=False) as file:
            tracks = {name: file[name] for name in file.files}
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read {path}: {error}; give the GRID folder") from error
    points = tracks["landmarks"].astype(np.float64)
    points *= (IMAGE_SIZE[0], IMAGE_SIZE[1], IMAGE_SIZE[0])
    clips, frames = points.shape[:2]
    mouth = measure(points.reshape(clips * frames, -1, 3), tracks["landmark_index"].tolist())
    jaw_column = tracks["blendshape_names"].tolist().index("jawOpen")
    gap, width, jaw = _scaled(
        mouth.opening.reshape(clips, frames),
        mouth.width.reshape(clips, frames),
        tracks["blendshapes"][..., jaw_column].astype(np.float64),
    )
    weights = solve(gap.ravel(), width.ravel(), jaw.ravel()).reshape(clips, frames, arkit.COUNT)
    rate = Fraction(float(tracks["fps"])).limit_denominator(1001)
    return tracks["clip"].tolist(), tracks["frames"].tolist(), rate, weights


def _scaled(opening: Floats, width: Floats, jaw: Floats) -> tuple[Floats, Floats, Floats]:
    """Return gap, width and jawOpen as our shapes measure them, [N, T] each.

    Rest and scales are the speaker's, from the training clips.
    """
    train = GRID_TRAINING
    rest = opening[train, RESTING] < TOUCH
    rest_width = np.nanmedian(width[train, RESTING][rest])
    rest_jaw = np.nanmedian(jaw[train, RESTING][rest])
    high = np.nanpercentile(opening[train, SPEAKING], 95) - TOUCH
    narrow, wide = np.nanpercentile(width[train, SPEAKING], [5, 95])
    high_jaw = np.nanpercentile(jaw[train, SPEAKING], 95) - rest_jaw
    return (
        np.maximum(opening - TOUCH, 0.0) * (PROCEDURAL_GAP / high),
        (width - rest_width) * (PROCEDURAL_WIDTH / (wide - narrow)),
        np.maximum(jaw - rest_jaw, 0.0) * (PROCEDURAL_JAW / high_jaw),
    )
