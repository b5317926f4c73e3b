"""A face that moves one part after another, for setting up a receiver before anybody speaks."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from facewire import arkit
from facewire.face.regions import both_sides
from facewire.frames import BlendshapeFrame, StreamSpec, Weights

EACH_S = 1.25
"""How long a part moves: there and back."""

_TURN = math.radians(20)


@dataclass(frozen=True, slots=True)
class Movement:
    """One part of the face that moves, and how far."""

    says: str
    """What somebody should see."""
    shapes: tuple[str, ...] = ()
    """ARKit shapes that go to 1 and back."""
    head: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Yaw, pitch and roll that the head goes to and back from, in radians."""


MOVEMENTS = (
    Movement("the jaw opens", ("jawOpen",)),
    Movement("the mouth smiles", both_sides("mouthSmile")),
    Movement("the lips purse", ("mouthPucker",)),
    Movement("both eyes shut", both_sides("eyeBlink")),
    Movement("its own left eye shuts", ("eyeBlinkLeft",)),
    Movement("the brows rise", ("browInnerUp", *both_sides("browOuterUp"))),
    Movement("the eyes look to its own left", ("eyeLookOutLeft", "eyeLookInRight")),
    Movement("the head turns to its own left", head=(_TURN, 0.0, 0.0)),
)


def moving_face(spec: StreamSpec, seconds: float) -> Iterator[tuple[BlendshapeFrame, Movement]]:
    """Return the frames of so many seconds, each with what moves in it; begins again at the end."""
    for index in range(spec.frame_count(round(seconds * spec.sample_rate))):
        timestamp = spec.timestamp(index)
        whole, share = divmod(timestamp / spec.sample_rate / EACH_S, 1)
        movement = MOVEMENTS[int(whole) % len(MOVEMENTS)]
        # There and back without a jerk.
        amount = math.sin(math.pi * share) ** 2
        yaw, pitch, roll = (amount * angle for angle in movement.head)
        weights = _weights(movement.shapes, amount)
        yield BlendshapeFrame(weights, index, timestamp, head=(yaw, pitch, roll)), movement


def _weights(shapes: tuple[str, ...], amount: float) -> Weights:
    weights = np.zeros(arkit.COUNT, np.float32)
    weights[[arkit.INDEX[name] for name in shapes]] = amount
    return weights
