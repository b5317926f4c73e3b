"""Photograph the page's face in each emotion, while it says an open vowel, and while it says p.

    python benchmarks/emotion_pictures.py --out docs/pictures/emotions.png

Needs Chromium and `pip install -e ".[quality]" playwright`.
"""

import argparse
import math
from pathlib import Path

import numpy as np

from facewire import arkit
from facewire.emotion import NAMES, NEUTRAL, Emotion, emotion_of
from facewire.face.emotion.layer import EmotionLayer
from facewire.frames import Weights
from viseme_pictures import photograph

SAID = {
    "a": {"jawOpen": 0.5, "mouthLowerDownLeft": 0.15, "mouthLowerDownRight": 0.15},
    "p": {"jawOpen": 0.22, "mouthClose": 0.2},
}
TILES = 0.62
"""Of a picture's height and width, what is shown."""


def posed(said: dict[str, float], emotion: Emotion) -> str:
    """Return a pose as the page's address takes it."""
    weights: Weights = np.zeros(arkit.COUNT, np.float32)
    for name, value in said.items():
        weights[arkit.INDEX[name]] = value
    EmotionLayer(0.0).apply(weights, (0.0, 0.0, 0.0), emotion, 0.0)
    return ",".join(
        f"{name}:{w:.3f}" for name, w in zip(arkit.NAMES, weights, strict=True) if w > 0.004
    )


def main() -> None:
    """Parse the command line, pose, photograph, write."""
    from matplotlib.figure import Figure

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="picture to write")
    path = parser.parse_args().out
    emotions = {"neutral": NEUTRAL} | {name: emotion_of({name: 1.0}) for name in NAMES}
    poses = [posed(said, emotion) for said in SAID.values() for emotion in emotions.values()]
    pictures = photograph(poses)
    columns = math.ceil(len(emotions))
    figure = Figure(figsize=(1.5 * columns, 3.7), layout="constrained")
    axes = figure.subplots(len(SAID), columns)
    for place, (axis, picture) in enumerate(zip(axes.flat, pictures, strict=True)):
        height, width = picture.shape[:2]
        high, wide = round(height * TILES), round(width * TILES)
        top, left = round(height * 0.14), (width - wide) // 2
        axis.imshow(picture[top : top + high, left : left + wide])
        said, feels = list(SAID)[place // columns], list(emotions)[place % columns]
        axis.set_title(f"{feels}, {said}", fontsize=9)
        axis.set_axis_off()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
