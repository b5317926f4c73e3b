"""OSC 1.0 messages and bundles whose numbers change with each frame, and nothing else of them.

The messages are built once by python-osc, with zeros in them; a frame only fills in its numbers.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pythonosc.osc_message_builder import OscMessageBuilder

MAX_BUNDLE_BYTES = 1_400
"""Stays whole on any network, and below the 1500 bytes that some receivers read at once."""

_BUNDLE_HEADER = b"#bundle\0" + struct.pack(">Q", 1)
"""With the time tag that means: at once."""
_SIZE = struct.Struct(">i")


@dataclass(frozen=True, slots=True)
class MessageForm:
    """A message without its numbers."""

    address: str
    strings: tuple[str, ...] = ()
    """The arguments before the numbers."""
    numbers: str = ""
    """A letter for each number: `f` is a float32, `i` an int32."""
    truth: bool | None = None
    """A last argument that is a bool; None if there is none."""

    def build(self) -> bytes:
        """Return the message, its numbers zero; they are its last bytes, four for each."""
        builder = OscMessageBuilder(self.address)
        for text in self.strings:
            builder.add_arg(text, "s")
        for kind in self.numbers:
            builder.add_arg(0, kind)
        if self.truth is not None:
            builder.add_arg(self.truth)
        return builder.build().dgram


@dataclass(frozen=True, slots=True, eq=False)
class _Template:
    """One datagram, and where a frame's numbers go in it."""

    words: NDArray[np.uint32]
    """OSC is made of 32-bit words."""
    places: NDArray[np.intp]
    """Of the numbers, in `words`."""


class FrameDatagrams:
    """The datagrams of one frame, again and again with other numbers."""

    def __init__(self, forms: Sequence[MessageForm], *, bundle: bool = True) -> None:
        """Build them.

        Args:
            forms: the messages of a frame, in their order.
            bundle: whether they travel in bundles, which some receivers do not read.
        """
        self._templates = _bundled(forms) if bundle else [_plain(form) for form in forms]

    def fill(self, packed: bytes) -> Iterator[bytes]:
        """Return the datagrams with the numbers of all messages, in their order, big-endian."""
        numbers = np.frombuffer(packed, np.uint32)
        first = 0
        for template in self._templates:
            words = template.words.copy()
            words[template.places] = numbers[first : first + len(template.places)]
            first += len(template.places)
            yield words.tobytes()
        assert first == len(numbers)


def bundles(messages: Sequence[bytes]) -> list[bytes]:
    """Pack messages into as few bundles as their largest size allows, in their order."""
    return [_bundle(group) for group in _groups(messages)]


def _groups(messages: Sequence[bytes]) -> list[list[bytes]]:
    groups: list[list[bytes]] = []
    size = MAX_BUNDLE_BYTES
    for message in messages:
        taken = _SIZE.size + len(message)
        if size + taken > MAX_BUNDLE_BYTES:
            groups.append([])
            size = len(_BUNDLE_HEADER)
        groups[-1].append(message)
        size += taken
    return groups


def _bundle(messages: Sequence[bytes]) -> bytes:
    sized = (part for message in messages for part in (_SIZE.pack(len(message)), message))
    return b"".join((_BUNDLE_HEADER, *sized))


def _bundled(forms: Sequence[MessageForm]) -> list[_Template]:
    messages = [form.build() for form in forms]
    counts = iter([len(form.numbers) for form in forms])
    return [_template(group, counts) for group in _groups(messages)]


def _template(group: Sequence[bytes], counts: Iterator[int]) -> _Template:
    places: list[int] = []
    end = len(_BUNDLE_HEADER) // 4
    for message in group:
        end += (_SIZE.size + len(message)) // 4
        places.extend(range(end - next(counts), end))
    return _Template(np.frombuffer(_bundle(group), np.uint32), np.array(places, np.intp))


def _plain(form: MessageForm) -> _Template:
    words = np.frombuffer(form.build(), np.uint32)
    return _Template(words, np.arange(len(words) - len(form.numbers), len(words)))
