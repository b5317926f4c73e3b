"""One frame as the iFacialMocap app writes it (ifacialmocap.com/for-developer).

    mouthSmile_R-0|...|jawOpen-35|=head#rx,ry,rz,px,py,pz|rightEye#rx,ry,rz|leftEye#rx,ry,rz|

Weights are whole numbers from 0 to 100, angles degrees, and places metres. Version 2 has & in the
place of the minus. The angles are pitch, yaw and roll; down, the face's own right, and a lifted
right ear are above zero, as Unity has them.
"""

import math
from typing import Literal

from facewire import arkit
from facewire.frames import BlendshapeFrame
from facewire.sinks.live_link_csv import rotations

Version = Literal["v1", "v2"]

_BETWEEN = {"v1": "-", "v2": "&"}


def _short(name: str) -> str:
    """Return the app's name of a shape: `_L` and `_R` where it has a counterpart on a side."""
    if name in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
        return name
    for side in ("Left", "Right"):
        if name.endswith(side):
            return f"{name.removesuffix(side)}_{side[0]}"
    return name


NAMES = tuple(map(_short, arkit.NAMES))


def encode_text(frame: BlendshapeFrame, version: Version) -> bytes:
    """Return the datagram of a frame."""
    between = _BETWEEN[version]
    values = (frame.weights * 100).round().astype(int).tolist()
    shapes = "".join(f"{name}{between}{v}|" for name, v in zip(NAMES, values, strict=True))
    angles = rotations(frame)
    head, left, right = (_angles(angles[first : first + 3]) for first in (0, 3, 6))
    return f"{shapes}=head#{head},0,0,0|rightEye#{right}|leftEye#{left}|".encode()


def _angles(yaw_pitch_roll: list[float]) -> str:
    yaw, pitch, roll = map(math.degrees, yaw_pitch_roll)
    return f"{pitch:.4f},{yaw:.4f},{roll:.4f}"
