"""What a CosyVoice worker says, and how its bytes become messages: no sockets here.

The protocol is described where it is spoken, in `facewire_engines.workers.cosyvoice_worker`.
"""

import json
import struct
from dataclasses import dataclass
from typing import Any

import msgspec

from facewire.errors import EngineError

PROTOCOL = 2
LARGEST = 1 << 26
"""Bytes of a message: a minute and more of audio."""

_SIZES = struct.Struct(">II")


class Hello(msgspec.Struct, frozen=True, tag="hello", tag_field="kind"):
    """What the worker is; comes first."""

    protocol: int
    space: str
    vocabulary: int
    sample_rate: int
    """Hz."""
    silence: int
    """The token of silence."""


class Piece(msgspec.Struct, frozen=True, tag="speech", tag_field="kind"):
    """A few tokens, or samples, of a turn; the payload holds them in this order."""

    turn: int
    first_token: int
    tokens: int
    """How many int32 there are."""
    first_sample: int
    samples: int
    """How many float32 there are."""


class Done(msgspec.Struct, frozen=True, tag="done", tag_field="kind"):
    """A turn is over."""

    turn: int
    tokens: int = 0
    samples: int = 0
    """How many there have been."""
    cancelled: bool = False


class Failure(msgspec.Struct, frozen=True, tag="error", tag_field="kind"):
    """A turn failed."""

    turn: int
    message: str


Message = Hello | Piece | Done | Failure


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """A message and its payload."""

    message: Message
    payload: bytes


LARGEST_PROMPT = 1 << 23
"""Bytes of a recording: more than 30 s at any rate."""


def encode(payload: bytes = b"", **header: Any) -> bytes:
    """Return the bytes of a message to the worker."""
    text = json.dumps(header).encode()
    return _SIZES.pack(len(text), len(payload)) + text + payload


class Inbox:
    """Takes bytes as they come, and gives whole messages."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def push(self, data: bytes) -> list[Received]:
        """Add bytes, and return the messages that they complete.

        Raises:
            EngineError: the peer does not speak our protocol.
        """
        self._bytes += data
        found: list[Received] = []
        while len(self._bytes) >= _SIZES.size:
            header, payload = _SIZES.unpack_from(self._bytes)
            end = _SIZES.size + header + payload
            if header + payload > LARGEST:
                raise EngineError(_foreign("a message of impossible size"))
            if len(self._bytes) < end:
                break
            text = bytes(self._bytes[_SIZES.size : _SIZES.size + header])
            found.append(Received(_parse(text), bytes(self._bytes[_SIZES.size + header : end])))
            del self._bytes[:end]
        return found


def _parse(text: bytes) -> Message:
    try:
        message: Message = msgspec.json.decode(text, type=Message)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise EngineError(_foreign(str(error))) from error
    return message


def _foreign(found: str) -> str:
    return (
        f"what answers is not a CosyVoice worker of this version of Facewire ({found}); print the "
        "worker again with python -m facewire_engines.workers"
    )
