"""Tokens as bytes."""

import numpy as np
import pytest

from facewire.wire.binary import TokensMessage, decode_tokens, encode_tokens
from facewire.wire.errors import ErrorCode, ProtocolError


def test_what_is_written_is_read() -> None:
    ids = np.random.default_rng(0).integers(0, 2**32, 100, dtype=np.uint32)
    message = decode_tokens(encode_tokens(TokensMessage(ids, 2**40, 2**32 - 1)))
    np.testing.assert_array_equal(message.tokens, ids)
    assert (message.first, message.turn) == (2**40, 2**32 - 1)


@pytest.mark.parametrize(
    ("data", "words", "code"),
    [
        (b"", "nothing", ErrorCode.BAD_MESSAGE),
        (b"A\x01" + bytes(14), "0x41", ErrorCode.BAD_MESSAGE),
        (b"T\x03" + bytes(14), "version 1", ErrorCode.UNSUPPORTED),
        (b"T\x01\x01" + bytes(13), "flags", ErrorCode.BAD_MESSAGE),
        (b"T\x01" + bytes(13), "16 bytes of header", ErrorCode.BAD_MESSAGE),
        (b"T\x01" + bytes(17), "4 bytes each", ErrorCode.BAD_MESSAGE),
        (b"T\x01" + bytes(6) + b"\xff" * 8, "0 or later", ErrorCode.BAD_MESSAGE),
    ],
)
def test_anything_else_is_refused(data: bytes, words: str, code: ErrorCode) -> None:
    with pytest.raises(ProtocolError, match=words) as caught:
        decode_tokens(data)
    assert caught.value.code is code
