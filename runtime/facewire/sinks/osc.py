"""Faces as OSC 1.0 over UDP, for game engines (docs/osc.md).

The datagrams are built once by python-osc, with zeros in them; a frame only fills in its numbers.
"""

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from facewire import arkit
from facewire.errors import ConfigError
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.sinks.datagrams import DatagramReceiver, find_receivers

OscMode = Literal["array", "each"]

DEFAULT_ADDRESS = "/face"
MAX_BUNDLE_BYTES = 1_400
"""Stays whole on any network, and below the 1500 bytes that some receivers read at once."""

_BUNDLE_HEADER_BYTES = 16
_SIZE_BYTES = 4
_HEAD_AND_INFO = struct.Struct(">3fiff")
_INT32_MAX = 0x7FFF_FFFF
_ADDRESS = re.compile(r"(/[A-Za-z0-9_.~-]+)+")


@dataclass(frozen=True, slots=True, eq=False)
class _Template:
    """One datagram, and where a frame's numbers go in it."""

    words: NDArray[np.uint32]
    """OSC is made of 32-bit words."""
    places: NDArray[np.intp]
    """Of the arguments, in `words`."""


class OscSink:
    """A sink that sends datagrams and never waits: a receiver that is not there misses them."""

    lossless = False

    def __init__(
        self,
        host: str,
        port: int,
        *,
        address: str = DEFAULT_ADDRESS,
        mode: OscMode = "array",
        bundle: bool = True,
    ) -> None:
        """Get ready to send.

        Args:
            host: name or address; a broadcast address reaches a whole network.
            port: UDP port.
            address: what all OSC addresses begin with.
            mode: one message with all weights, or one message for each shape.
            bundle: whether messages travel in bundles, which some receivers do not read.

        Raises:
            ConfigError: OSC has no such address.
        """
        if not _ADDRESS.fullmatch(address):
            raise ConfigError(
                f"{address!r} is not an OSC address; write one like {DEFAULT_ADDRESS}"
            )
        self.name = f"osc://{host}:{port}"
        self._host = host
        self._port = port
        messages = _messages(address, mode)
        self._templates = _bundles(messages) if bundle else [_plain(each) for each in messages]
        self._sample_rate = StreamSpec().sample_rate
        self._receivers: list[DatagramReceiver] = []

    async def open(self, spec: StreamSpec, engine: str) -> None:
        """Look the host up.

        Raises:
            ConfigError: nobody knows it.
        """
        self._sample_rate = spec.sample_rate
        await self.aclose()
        self._receivers = await find_receivers(self._host, self._port, self.name)

    async def send(self, frame: BlendshapeFrame) -> None:
        """Send a frame; what cannot be sent now is lost, as with any datagram."""
        assert self._receivers, "open the sink first"
        numbers = _numbers(frame, self._sample_rate)
        first = 0
        for template in self._templates:
            words = template.words.copy()
            words[template.places] = numbers[first : first + len(template.places)]
            first += len(template.places)
            self._send(words.tobytes())

    async def aclose(self) -> None:
        """Let go of the sockets."""
        receivers, self._receivers = self._receivers, []
        for receiver in receivers:
            receiver.close()

    def _send(self, datagram: bytes) -> None:
        """Send to the address that took the last one; if nobody is there, ask the others too."""
        for _ in self._receivers:
            if self._receivers[0].take(datagram):
                return
            self._receivers.append(self._receivers.pop(0))


def _numbers(frame: BlendshapeFrame, sample_rate: int) -> NDArray[np.uint32]:
    """Return the arguments of all messages in their order, as big-endian words."""
    seconds = frame.timestamp / sample_rate
    rest = _HEAD_AND_INFO.pack(*frame.head, frame.index & _INT32_MAX, seconds, frame.speech)
    return np.frombuffer(frame.weights.astype(">f4").tobytes() + rest, np.uint32)


def _messages(address: str, mode: OscMode) -> list[OscMessage]:
    """Return the messages of one frame, all numbers zero; both modes have the same arguments."""
    if mode == "array":
        weights = [_message(f"{address}/blendshapes", "f" * arkit.COUNT)]
    else:
        weights = [_message(f"{address}/{name}", "f") for name in arkit.NAMES]
    return [*weights, _message(f"{address}/head", "fff"), _message(f"{address}/info", "iff")]


def _message(address: str, types: str) -> OscMessage:
    builder = OscMessageBuilder(address)
    for kind in types:
        builder.add_arg(0, kind)
    return builder.build()


def _bundles(messages: Sequence[OscMessage]) -> list[_Template]:
    """Pack messages into as few bundles as their largest size allows."""
    bundles: list[list[OscMessage]] = [[]]
    size = _BUNDLE_HEADER_BYTES
    for message in messages:
        taken = _SIZE_BYTES + len(message.dgram)
        if bundles[-1] and size + taken > MAX_BUNDLE_BYTES:
            bundles.append([])
            size = _BUNDLE_HEADER_BYTES
        bundles[-1].append(message)
        size += taken
    return [_bundle(bundle) for bundle in bundles]


def _bundle(messages: Sequence[OscMessage]) -> _Template:
    builder = OscBundleBuilder(IMMEDIATELY)
    places: list[int] = []
    end = _BUNDLE_HEADER_BYTES // 4
    for message in messages:
        builder.add_content(message)
        end += (_SIZE_BYTES + len(message.dgram)) // 4
        places.extend(range(end - len(message.params), end))
    return _Template(np.frombuffer(builder.build().dgram, np.uint32), np.array(places))


def _plain(message: OscMessage) -> _Template:
    words = np.frombuffer(message.dgram, np.uint32)
    return _Template(words, np.arange(len(words) - len(message.params), len(words)))
