"""GRID's speaker 1 with his tracked mouth (Cooke et al. 2006; landmarks by MediaPipe).

The gap and the width come from lip landmarks, as shares of the distance between the outer corners
of the eyes; the jaw from MediaPipe's jawOpen, whose scale is not Apple's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from facewire.errors import ConfigError
from facewire_training.adapters.clip import Clip
from facewire_training.corpora.audio_file import read_mono
from facewire_training.corpora.corpus import Utterance
from facewire_training.metrics.capture_match import TrueMotion

VALIDATION = slice(800, 1000)
"""Places among the clips, in the order of the file, that are never trained on."""
_UPPER_LIP, _LOWER_LIP = 13, 14
"""MediaPipe's numbers of the inner edges of the lips, in the middle."""
_CORNERS = (61, 291)
_EYES = (33, 263)


@dataclass(frozen=True, slots=True)
class Grid:
    """A folder with `audio/` and `tracks.npz`."""

    root: Path

    def clips(self) -> Iterator[Clip]:
        """Yield the validation clips: speech without phones, and the motion of the mouth.

        Raises:
            ConfigError: the folder lacks a file.
        """
        path = self.root / "tracks.npz"
        try:
            with np.load(path, allow_pickle=False) as arrays:
                names = [str(name) for name in arrays["clip"][VALIDATION]]
                points = arrays["landmarks"][VALIDATION].astype(np.float64)
                numbers = arrays["landmark_index"].tolist()
                shapes = arrays["blendshape_names"].tolist()
                jaw = arrays["blendshapes"][VALIDATION, :, shapes.index("jawOpen")]
                rate = float(arrays["fps"])
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise ConfigError(f"cannot read {path}: {error}; give the GRID folder") from error
        places = {number: place for place, number in enumerate(numbers)}
        for clip, name in enumerate(names):
            seen = points[clip]

            def apart(pair: tuple[int, int], seen: Points = seen) -> Points:
                first, second = (seen[:, places[number]] for number in pair)
                return np.asarray(np.linalg.norm(first - second, axis=1))

            face = apart(_EYES)
            curves = {
                "gap": apart((_UPPER_LIP, _LOWER_LIP)) / face,
                "width": apart(_CORNERS) / face,
                "jaw": jaw[clip].astype(np.float64),
            }
            samples = read_mono(self.root / "audio" / f"{name}.opus")
            utterance = Utterance(name, samples, (), "1", "grid")
            yield Clip(utterance, motion=TrueMotion(np.arange(len(face)) / rate, curves))
