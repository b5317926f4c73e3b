"""Which of the 52 shapes belong to the lower face, the upper face and the gaze."""

import numpy as np
from numpy.typing import NDArray

from facewire import arkit

_LOWER_PREFIXES = ("jaw", "mouth", "cheekPuff", "noseSneer", "tongue")

LOWER: NDArray[np.bool_] = np.array([name.startswith(_LOWER_PREFIXES) for name in arkit.NAMES])
"""[52]: what speech moves. The muscle of noseSneer lifts the upper lip, so it belongs here; the
one of cheekSquint narrows the eye, so it does not."""


def indices(*names: str) -> NDArray[np.intp]:
    """Return the positions of shapes in `arkit.NAMES`."""
    return np.array([arkit.INDEX[name] for name in names])


def both_sides(name: str) -> tuple[str, str]:
    """Return the names of a shape's two sides."""
    return f"{name}Left", f"{name}Right"


JAW_OPEN = arkit.INDEX["jawOpen"]
MOUTH_CLOSE = arkit.INDEX["mouthClose"]
