"""What a face does for each emotion: action units, and the shapes that make them.

*EMFACS*: the units by which Ekman, Friesen & Hager (2002, "Facial Action Coding System", the
Investigator's Guide) tell an emotion. Which unit is which shape follows from the muscles that both
name. How much of each is by eye, on the page's face. Units that open the mouth (25 to 27) are left
to speech: a face that speaks must be able to shut its lips, whatever it feels.
"""

from dataclasses import dataclass

import numpy as np

from facewire import arkit
from facewire.emotion import NAMES
from facewire.face.regions import both_sides
from facewire.frames import Weights

ACTION_UNITS: dict[int, str] = {
    1: "browInnerUp",
    2: "browOuterUp",
    4: "browDown",
    5: "eyeWide",
    6: "cheekSquint",
    7: "eyeSquint",
    9: "noseSneer",
    10: "mouthUpperUp",
    12: "mouthSmile",
    15: "mouthFrown",
    16: "mouthLowerDown",
    17: "mouthShrugLower",
    20: "mouthStretch",
    23: "mouthPress",
    43: "eyeBlink",
}
"""The shape that an action unit moves; those with two sides move both."""


@dataclass(frozen=True, slots=True)
class EmotionPose:
    """One emotion, wholly felt."""

    units: dict[int, float]
    """How much of each action unit, in [0, 1]."""
    nod: float = 0.0
    """How far the head is bent forward, in radians."""
    look_down: float = 0.0
    """How far the eyes look down, as a weight."""


POSES: dict[str, EmotionPose] = {
    # EMFACS: 6 + 12. The brows are raised a little, by eye.
    "happy": EmotionPose({6: 0.7, 12: 0.6, 1: 0.12, 2: 0.12}, nod=-0.02),
    # EMFACS: 4 + 5 + 7 + 23; 9 is its variant with a wrinkled nose.
    "angry": EmotionPose({4: 0.85, 5: 0.25, 7: 0.5, 23: 0.35, 9: 0.25}, nod=0.06),
    # EMFACS: 1 + 4 + 15, with 17.
    "sad": EmotionPose({1: 0.8, 4: 0.2, 15: 0.5, 17: 0.25, 43: 0.18}, nod=0.08, look_down=0.12),
    # EMFACS: 1 + 2 + 4 + 5 + 7 + 20.
    "afraid": EmotionPose({1: 0.8, 2: 0.4, 4: 0.25, 5: 0.7, 7: 0.15, 20: 0.4}, nod=-0.04),
    # EMFACS: 9 or 10, 15, 16, 17.
    "disgusted": EmotionPose(
        {9: 0.75, 10: 0.2, 15: 0.3, 17: 0.25, 4: 0.35, 7: 0.35, 6: 0.25}, nod=-0.05
    ),
    # Not in EMFACS, by eye: sadness without its brows together, lids that droop, a look aside.
    "melancholic": EmotionPose({1: 0.4, 15: 0.28, 43: 0.28}, nod=0.06, look_down=0.2),
    # EMFACS: 1 + 2 + 5, and 26, which is speech's.
    "surprised": EmotionPose({1: 0.9, 2: 0.85, 5: 0.6}, nod=-0.05),
    # Not in EMFACS, by eye: lids at ease, and the faintest smile.
    "calm": EmotionPose({12: 0.1, 43: 0.12}),
}


def pose_weights() -> Weights:
    """Return the weights of each emotion of `NAMES`, wholly felt, `[8, 52]`."""
    rows = np.zeros((len(NAMES), arkit.COUNT), np.float32)
    for row, name in zip(rows, NAMES, strict=True):
        for unit, amount in POSES[name].units.items():
            shape = ACTION_UNITS[unit]
            for side in (shape,) if shape in arkit.INDEX else both_sides(shape):
                row[arkit.INDEX[side]] = amount
    return rows
