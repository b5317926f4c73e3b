"""GRID's speaker 1 with his tracked mouth (Cooke et al. 2006; landmarks by MediaPipe).

The gap and the width come from lip landmarks, as shares of the distance between the outer corners
of the eyes; the jaw, the funnel and the pucker are MediaPipe's, whose scale is not Apple's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_training.data.adapters.clip import Clip
from facewire_training.data.corpora.audio_file import read_mono
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.data.mouth_motion import TrueMotion
from facewire_training.data.splits import GRID_VALIDATION

_LIPS = (13, 14)
"""MediaPipe's numbers of the inner edges of the lips, in the middle."""
_CORNERS = (61, 291)
_EYES = (33, 263)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Grid:
    """A folder with `audio/` and `tracks.npz`."""

    root: Path
    places: slice = field(default_factory=lambda: GRID_VALIDATION)
    """Which clips to take, by their places in the file."""

    def clips(self) -> Iterator[Clip]:
        """Yield the clips: speech without phones, and the motion of the mouth.

        Raises:
            ConfigError: the folder lacks a file.
        """
        for name, motion in _motions(self.root / "tracks.npz", self.places).items():
            samples = read_mono(self.root / "audio" / f"{name}.opus")
            yield Clip(Utterance(name, samples, (), "1", "grid"), motion=motion)


def _motions(path: Path, places: slice) -> dict[str, TrueMotion]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names = [str(name) for name in arrays["clip"][places]]
            points = arrays["landmarks"][places, :, :, :2].astype(np.float64)
            numbers: list[int] = arrays["landmark_index"].tolist()
            shapes: list[str] = arrays["blendshape_names"].tolist()
            moved = arrays["blendshapes"][places].astype(np.float64)
            rate = float(arrays["fps"])
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise ConfigError(f"cannot read {path}: {error}; give the GRID folder") from error
    face = _apart(points, numbers, _EYES)
    gap = _apart(points, numbers, _LIPS) / face
    width = _apart(points, numbers, _CORNERS) / face
    times_s = np.arange(points.shape[1]) / rate
    jaw, funnel, pucker = (
        moved[:, :, shapes.index(name)] for name in ("jawOpen", "mouthFunnel", "mouthPucker")
    )
    curves = {"gap": gap, "width": width, "jaw": jaw, "round": funnel + pucker}
    return {
        name: TrueMotion(times_s, {measure: curve[clip] for measure, curve in curves.items()})
        for clip, name in enumerate(names)
    }


def _apart(points: Floats, numbers: list[int], pair: tuple[int, int]) -> Floats:
    """Return how far two landmarks are apart in the picture, [clips, T]."""
    first, second = (points[:, :, numbers.index(number)] for number in pair)
    return np.asarray(np.linalg.norm(first - second, axis=-1))
