"""Which OSC messages a face becomes: the presets of `osc://`."""

import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from facewire import arkit
from facewire.errors import ConfigError
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.sinks.datagrams.sink import Encode
from facewire.sinks.live_link_csv import rotations
from facewire.sinks.osc.messages import FrameDatagrams, MessageForm

_INT32_MAX = 0x7FFF_FFFF
_HEAD_AND_INFO = struct.Struct(">3fiff")
_HEAD_AND_SPEECH = struct.Struct(">4f")
_ROTATIONS_AND_INFO = struct.Struct(">9fiff")
_ADDRESS = re.compile(r"(/[A-Za-z0-9_.~-]+)+")
_PLACEHOLDERS = ("{name}", "{Name}", "{index}")

Numbers = Callable[[BlendshapeFrame, Fraction], bytes]
"""Returns the numbers that follow the weights; the fraction is seconds."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One preset."""

    address: str
    """Of the messages: what they begin with, or with `{name}` in it the whole of each."""
    others: tuple[tuple[str, str], ...]
    """Names and numbers of the messages that follow the weights."""
    numbers: Numbers
    bundle: bool = True


def _head_and_info(frame: BlendshapeFrame, seconds: Fraction) -> bytes:
    index = frame.index & _INT32_MAX
    return _HEAD_AND_INFO.pack(*frame.head, index, float(seconds), frame.speech)


def _rotations_and_info(frame: BlendshapeFrame, seconds: Fraction) -> bytes:
    index = frame.index & _INT32_MAX
    return _ROTATIONS_AND_INFO.pack(*rotations(frame), index, float(seconds), frame.speech)


def _head_and_speech(frame: BlendshapeFrame, seconds: Fraction) -> bytes:
    return _HEAD_AND_SPEECH.pack(*frame.head, frame.speech)


_INFO = ("info", "iff")
_HEAD = (("head", "fff"), _INFO)
_SINGLE = tuple((name, "f") for name in ("headYaw", "headPitch", "headRoll", "speech"))

LAYOUTS: Mapping[str, Layout] = {
    "array": Layout("/face", _HEAD, _head_and_info),
    "array-61": Layout("/face", (_INFO,), _rotations_and_info),
    "arkit-each": Layout("/face/{name}", _HEAD, _head_and_info),
    # A value of Resonite is bound to one address, and is one number.
    "resonite": Layout("/face/{Name}", _SINGLE, _head_and_speech, bundle=False),
}
"""By what `?preset=` calls them."""

_EXTRA = {"array-61": 9}
"""How many numbers follow the weights in the same message."""


def encoder(preset: str, address: str, bundle: str) -> Callable[[StreamSpec], Encode]:
    """Return what encodes a stream.

    Args:
        preset: of `LAYOUTS`.
        address: the layout's own if it is empty; one with a placeholder is that of each message.
        bundle: "yes", "no", or "" for what the layout says.

    Raises:
        ConfigError: OSC has no such address, or the preset needs another.
    """
    layout = LAYOUTS[preset]
    forms = _forms(preset, layout, address or layout.address)
    datagrams = FrameDatagrams(forms, bundle=layout.bundle if not bundle else bundle == "yes")

    def begin(spec: StreamSpec) -> Encode:
        def encode(frame: BlendshapeFrame) -> list[bytes]:
            weights = frame.weights.astype(">f4").tobytes()
            seconds = Fraction(frame.timestamp, spec.sample_rate)
            return list(datagrams.fill(weights + layout.numbers(frame, seconds)))

        return encode

    return begin


def _forms(preset: str, layout: Layout, address: str) -> list[MessageForm]:
    each = any(placeholder in layout.address for placeholder in _PLACEHOLDERS)
    templated = any(placeholder in address for placeholder in _PLACEHOLDERS)
    if templated and not each:
        raise ConfigError(
            f"{address!r} is the address of each shape, which preset={preset} does not send; "
            "give preset=arkit-each"
        )
    template = address if templated or not each else f"{address}/{{name}}"
    if each:
        weights = [
            MessageForm(_filled(template, name, index), numbers="f")
            for index, name in enumerate(arkit.NAMES)
        ]
    else:
        count = arkit.COUNT + _EXTRA.get(preset, 0)
        weights = [MessageForm(_checked(f"{template}/blendshapes"), numbers="f" * count)]
        template = f"{template}/{{name}}"
    if len({form.address for form in weights}) < len(weights):
        raise ConfigError(f"{address!r} is one address for several shapes; put {{name}} into it")
    # Behind the shapes, those that have no place among them count on.
    others = [
        MessageForm(_filled(template, name, arkit.COUNT + index), numbers=numbers)
        for index, (name, numbers) in enumerate(layout.others)
    ]
    return weights + others


def _filled(template: str, name: str, index: int) -> str:
    """Return the address that a template gives a name."""
    pascal = name[0].upper() + name[1:]
    filled = template.replace("{name}", name).replace("{Name}", pascal)
    return _checked(filled.replace("{index}", str(index)))


def _checked(address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        raise ConfigError(
            f"{address!r} is not an OSC address; write one like /face, or /face/{{name}}"
        )
    return address
