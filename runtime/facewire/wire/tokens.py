"""Wire protocol version 1: speech tokens as binary messages, from clients that have a TTS."""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facewire.wire.binary import VERSION, ProtocolError, check_kind

TOKENS_KIND = 0x54

_TOKENS = struct.Struct("<BBHIq")
TOKENS_HEADER_BYTES = _TOKENS.size


@dataclass(frozen=True, slots=True, eq=False)
class TokensMessage:
    """A run of speech tokens as it travels; the stream's `open` names their space."""

    tokens: NDArray[np.uint32]
    """Ids, [T]."""
    first: int
    """Position of the first of them in the turn."""
    turn: int


def encode_tokens(message: TokensMessage) -> bytes:
    """Serialize tokens: a header of 16 bytes, then four bytes for each."""
    header = _TOKENS.pack(TOKENS_KIND, VERSION, 0, message.turn, message.first)
    return header + message.tokens.astype("<u4").tobytes()


def decode_tokens(data: bytes) -> TokensMessage:
    """Parse a message of tokens.

    Raises:
        ProtocolError: not such a message of this version.
    """
    check_kind(data, TOKENS_KIND, "tokens")
    if len(data) < TOKENS_HEADER_BYTES or (len(data) - TOKENS_HEADER_BYTES) % 4:
        raise ProtocolError(
            f"tokens are {TOKENS_HEADER_BYTES} bytes of header and 4 bytes each, not {len(data)}"
        )
    _, _, _, turn, first = _TOKENS.unpack_from(data)
    if first < 0:
        raise ProtocolError(f"tokens start at 0 or later, not at {first}")
    return TokensMessage(np.frombuffer(data, "<u4", offset=TOKENS_HEADER_BYTES), first, turn)
