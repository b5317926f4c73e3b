"""The packet of one frame, as Epic's Live Link Face app sends it to Unreal's ARKit source.

Big-endian; strings are a 32-bit length and so many bytes:

    u8       version, 6
    string   identity of the device, a UUID: the same for as long as the subject is the same
    string   name of the subject
    i32 f32  frame number, and the share of a frame after it
    i32 i32  frame rate: numerator and denominator
    u8       how many values follow, 61
    f32 x 61 the 52 shapes in Live Link order; yaw, pitch and roll of the head, of the left eye and
             of the right eye, as in the app's CSV recordings

The order of the fields and the bounds of the size are those of the engine's
AppleARKitLiveLinkSource.cpp.
"""

import struct
import uuid
from fractions import Fraction

from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.sinks.live_link_csv import rotations

VERSION = 6
"""The engine drops packets of any other; 1 to 5 are those of Unreal before 4.25."""

MOST_NAME_BYTES = 255
"""The engine has room for 256 in a packet."""

_LENGTH = struct.Struct(">i")
_TIME_AND_COUNT = struct.Struct(">ifiiB")
_VALUES = struct.Struct(">61f")
_INT32_MAX = 0x7FFF_FFFF


def device_id(machine: str, subject: str) -> str:
    """Return an identity that a subject of a machine keeps when the program starts again."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"facewire://{machine}/{subject}")).upper()


def encode_face(frame: BlendshapeFrame, spec: StreamSpec, *, device: str, subject: str) -> bytes:
    """Return the packet of a frame.

    Args:
        frame: of the stream.
        spec: of the stream.
        device: ASCII, as `device_id` returns it.
        subject: at most `MOST_NAME_BYTES` long in UTF-8.
    """
    number, share = frame_time(frame, spec)
    rate = spec.frame_rate
    values = (*frame.weights.tolist(), *rotations(frame))
    return b"".join(
        (
            bytes([VERSION]),
            _string(device.encode("ascii")),
            _string(subject.encode()),
            _TIME_AND_COUNT.pack(
                number & _INT32_MAX, share, rate.numerator, rate.denominator, len(values)
            ),
            _VALUES.pack(*values),
        )
    )


def frame_time(frame: BlendshapeFrame, spec: StreamSpec) -> tuple[int, Fraction]:
    """Return when a frame is shown, in whole frames since the stream began and a share of one.

    The time is that of its sample, not its place in the stream; where the sample is that of a
    frame, as it is unless somebody leaves samples out, the share is exactly 0.
    """
    number = spec.frame_count(frame.timestamp)
    if spec.timestamp(number) == frame.timestamp:
        return number, Fraction(0)
    exact = Fraction(frame.timestamp, spec.sample_rate) * spec.frame_rate
    return int(exact), exact % 1


def _string(data: bytes) -> bytes:
    return _LENGTH.pack(len(data)) + data
