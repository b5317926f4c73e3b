"""GRID's speaker: landmarks and head as MediaPipe tracked them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_training.data.corpora.face_landmarks import steadied
from facewire_training.data.corpora.grid import IMAGE_SIZE
from facewire_training.data.corpora.grid_words import phrase, read_words
from facewire_training.evaluation.face_motion.motion import Motion
from facewire_training.evaluation.face_motion.points import EYES_MM, MEASURES, of_landmarks

Floats = NDArray[np.float64]


def captured_motion(root: Path, places: slice) -> dict[str, Motion]:
    """Return how he moves in each of the clips at these positions of the file.

    Raises:
        ConfigError: the folder lacks a file.
    """
    words = read_words(root / "words.tsv.gz")
    try:
        with np.load(root / "tracks.npz", allow_pickle=False) as tracks:
            clips = [str(name) for name in tracks["clip"][places]]
            points = tracks["landmarks"][places].astype(np.float64)
            numbers, shapes = tracks["landmark_index"].tolist(), tracks["blendshape_names"].tolist()
            weights = tracks["blendshapes"][places].astype(np.float64)
            turned = tracks["transform"][places, :, :3, :3].astype(np.float64)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(
            f"cannot read {root}/tracks.npz: {error}; give the GRID folder"
        ) from error
    count, frames = points.shape[:2]
    flat = (points * (IMAGE_SIZE[0], IMAGE_SIZE[1], IMAGE_SIZE[0])).reshape(count * frames, -1, 3)
    steady, unit = steadied(flat, numbers)
    steady = (steady * (EYES_MM / unit)).reshape(count, frames, -1, 3)
    curves = {name: of_landmarks(how, steady, numbers) for name, how in MEASURES.items()}
    curves |= _angles(turned)
    lids = np.mean([weights[..., shapes.index(f"eyeBlink{s}")] for s in ("Left", "Right")], axis=0)
    return {
        clip: Motion(
            *phrase(words[clip]), {name: curve[k] for name, curve in curves.items()}, lids[k]
        )
        for k, clip in enumerate(clips)
    }


def _angles(turned: Floats) -> dict[str, Floats]:
    """Return the angles of rotations [..., 3, 3] in degrees, as `facewire.face` has them."""
    return {
        "head, yaw": np.degrees(np.arctan2(turned[..., 0, 2], turned[..., 2, 2])),
        "head, pitch": np.degrees(-np.arcsin(np.clip(turned[..., 1, 2], -1, 1))),
        "head, roll": np.degrees(np.arctan2(turned[..., 1, 0], turned[..., 1, 1])),
    }
