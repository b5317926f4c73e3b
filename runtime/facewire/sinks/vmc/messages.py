"""The messages of one frame in VMC 3.1."""

import math
import struct
from collections.abc import Sequence
from itertools import chain

from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.sinks.osc.messages import FrameDatagrams, MessageForm
from facewire.sinks.vmc.expressions import Expressions

VALUE = "/VMC/Ext/Blend/Val"
APPLY = "/VMC/Ext/Blend/Apply"
BONE = "/VMC/Ext/Bone/Pos"
OK = "/VMC/Ext/OK"
TIME = "/VMC/Ext/T"
HEAD = "Head"

HEAD_POSITION = (0.0, 0.09, 0.0)
"""Metres from the neck's joint to the head's, of a common avatar. Most receivers take rotations
alone; one that takes places too would draw a head at 0 0 0 into the neck."""

_LOADED = 1


class FaceMessages:
    """The datagrams of a stream's frames: values, Apply, and what else is asked for."""

    def __init__(self, names: Sequence[Expressions], *, head: bool, status: bool) -> None:
        """Build them.

        Args:
            names: what the face is called.
            head: whether the head's bone is sent.
            status: whether OK and T are sent, which say that this performer is there.
        """
        self._names = names
        self._head, self._status = head, status
        forms = [
            MessageForm(VALUE, (name,), "f") for name in chain(*(each.names for each in names))
        ]
        forms.append(MessageForm(APPLY))
        if head:
            forms.append(MessageForm(BONE, (HEAD,), "f" * 7))
        if status:
            forms += [MessageForm(OK, numbers="i"), MessageForm(TIME, numbers="f")]
        self._datagrams = FrameDatagrams(forms)

    def encode(self, frame: BlendshapeFrame, spec: StreamSpec) -> list[bytes]:
        """Return the datagrams of a frame."""
        values = list(chain(*(each.values(frame.weights) for each in self._names)))
        if self._head:
            values += [*HEAD_POSITION, *head_rotation(*frame.head)]
        packed = struct.pack(f">{len(values)}f", *values)
        if self._status:
            packed += struct.pack(">if", _LOADED, frame.timestamp / spec.sample_rate)
        return list(self._datagrams.fill(packed))


def head_rotation(yaw: float, pitch: float, roll: float) -> tuple[float, float, float, float]:
    """Return x y z w as Unity has them: left-handed, x to the avatar's right, z out of its face.

    Ours has x to the left: mirrored, rotations about y and z go the other way. Yaw is applied last.
    """
    sy, cy = math.sin(yaw / 2), math.cos(yaw / 2)
    sx, cx = math.sin(pitch / 2), math.cos(pitch / 2)
    sz, cz = math.sin(roll / 2), math.cos(roll / 2)
    x = cy * sx * cz + sy * cx * sz
    y = sy * cx * cz - cy * sx * sz
    z = cy * cx * sz - sy * sx * cz
    w = cy * cx * cz + sy * sx * sz
    return x, -y, -z, w
