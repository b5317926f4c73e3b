"""The bytes and the JSON of the protocol, frozen."""

import re
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facewire import arkit
from facewire.audio.format import AudioFormat, Encoding
from facewire.frames import BlendshapeFrame, Stamps
from facewire.wire.binary import (
    FRAME_BYTES,
    AudioMessage,
    StageDurations,
    TokensMessage,
    WireFrame,
    decode_audio,
    decode_frame,
    encode_audio,
    encode_frame,
    encode_samples,
    encode_tokens,
    wire_frame,
)
from facewire.wire.errors import ErrorCode, ProtocolError

DOCS = Path(__file__).parents[3] / "docs"
FRAME_HEX = (
    "4601000001000000070000004a0700000000000000ca9a3b00000000"
    "01000000020000000300000004000000050000000000803f0000803e00000000000000bf"
)
AUDIO_HEX = "4101000000000000e0010000000000000100ff7f"
TOKENS_HEX = "5401000003000000050000000000000001000000a0190000"


@pytest.fixture
def frame() -> WireFrame:
    """The frame that docs/protocol.md shows."""
    weights = np.zeros(arkit.COUNT, np.float32)
    weights[arkit.INDEX["jawOpen"]] = 0.5
    return WireFrame(
        weights=weights,
        index=7,
        timestamp=1866,
        turn=1,
        captured_ns=1_000_000_000,
        stages=StageDurations(1, 2, 3, 4, 5),
        speech=1.0,
        head=(0.25, 0.0, -0.5),
    )


def test_frame_layout_is_frozen(frame: WireFrame) -> None:
    data = encode_frame(frame)
    assert len(data) == FRAME_BYTES == 272
    assert data[:64].hex() == FRAME_HEX
    assert data[132:136].hex() == "0000003f"
    assert not any(data[64:132])
    assert not any(data[136:])


def test_frame_is_where_the_document_says(frame: WireFrame) -> None:
    data = encode_frame(frame)
    assert struct.unpack_from("<52f", data, 64)[17] == 0.5
    assert struct.unpack_from("<q", data, 12) == (1866,)
    assert struct.unpack_from("<q", data, 20) == (1_000_000_000,)
    assert struct.unpack_from("<5I", data, 28) == (1, 2, 3, 4, 5)
    assert struct.unpack_from("<4f", data, 48) == (1.0, 0.25, 0.0, -0.5)


def test_audio_layout_is_frozen() -> None:
    samples = np.array([1, 32767], np.int16)
    message = AudioMessage(encode_samples(samples, Encoding.S16LE), start=480)
    assert encode_audio(message).hex() == AUDIO_HEX


def test_token_layout_is_frozen() -> None:
    message = TokensMessage(np.array([1, 6560], np.uint32), first=5, turn=3)
    assert encode_tokens(message).hex() == TOKENS_HEX


def test_the_document_shows_the_same_bytes() -> None:
    pages = [(DOCS / name).read_text(encoding="utf-8") for name in ("protocol.md", "speak.md")]
    blocks = re.findall(r"```\n([0-9a-f \n]+)```", "".join(pages))
    assert [re.sub(r"\s", "", block) for block in blocks] == [FRAME_HEX, AUDIO_HEX, TOKENS_HEX]


def test_a_frame_survives_the_way(frame: WireFrame) -> None:
    there = decode_frame(encode_frame(frame))
    np.testing.assert_array_equal(there.weights, frame.weights)
    for name in ("index", "timestamp", "turn", "captured_ns", "stages", "speech", "head"):
        assert getattr(there, name) == getattr(frame, name)
    assert there.by_name["jawOpen"] == 0.5
    assert there.by_name["tongueOut"] == 0.0


@given(st.binary(max_size=64), st.integers(0, 2**32 - 1), st.integers(0, 2**63 - 1))
def test_audio_survives_the_way(pcm: bytes, turn: int, start: int) -> None:
    message = AudioMessage(pcm, start, turn)
    assert decode_audio(encode_audio(message)) == message


@given(st.binary(max_size=300))
def test_garbage_is_refused_and_nothing_else_happens(data: bytes) -> None:
    if len(data) != FRAME_BYTES or data[:2] != b"F\x01":
        with pytest.raises(ProtocolError):
            decode_frame(data)
    if len(data) < 16 or data[:2] != b"A\x01":
        with pytest.raises(ProtocolError):
            decode_audio(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "nothing"),
        (b"A", "too short"),
        (b"B" + bytes(15), "0x42"),
        (b"A\x01\0\0" + bytes(11), "16 bytes of header, not 15"),
        (b"A\x01\x02\0" + bytes(12), "flags"),
        (b"A\x01\0\0\0\0\0\0" + b"\xff" * 8, "sample 0 or later"),
    ],
)
def test_bad_audio_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(ProtocolError, match=words) as caught:
        decode_audio(data)
    assert caught.value.code is ErrorCode.BAD_MESSAGE


def test_another_version_is_unsupported() -> None:
    with pytest.raises(ProtocolError, match="version 1 of the protocol, not 2") as caught:
        decode_audio(b"A\x02\0\0" + bytes(12))
    assert caught.value.code is ErrorCode.UNSUPPORTED


def test_a_frame_of_another_length_is_refused(frame: WireFrame) -> None:
    with pytest.raises(ProtocolError, match="272 bytes, not 271"):
        decode_frame(encode_frame(frame)[:-1])


def blendshape_frame(stamps: Stamps) -> BlendshapeFrame:
    return BlendshapeFrame(np.zeros(arkit.COUNT, np.float32), 0, 0, stamps=stamps)


def test_stages_are_microseconds_since_the_last_one() -> None:
    stamps = Stamps(1_000, 11_000, 31_000, 61_000, 101_000)
    travelling = wire_frame(blendshape_frame(stamps), sent=151_000)
    assert travelling.stages == StageDurations(10, 20, 30, 40, 50)
    assert travelling.captured_ns == 1_000


def test_an_unknown_stage_is_counted_in_the_next() -> None:
    stamps = Stamps(captured=1_000, started=11_000, encoded=0, decoded=61_000, faced=0)
    assert wire_frame(blendshape_frame(stamps), 151_000).stages == StageDurations(10, 0, 50, 0, 90)


def test_without_a_capture_time_no_stage_is_known() -> None:
    stamps = Stamps(captured=0, started=11_000, encoded=31_000)
    assert wire_frame(blendshape_frame(stamps), 151_000).stages == StageDurations()


@given(st.lists(st.integers(0, 10_000_000), min_size=5, max_size=5), st.integers(1, 10**15))
def test_stages_add_up_to_the_time_of_sending(steps: list[int], captured: int) -> None:
    times = [captured]
    for step in steps:
        times.append(times[-1] + step)
    stages = wire_frame(blendshape_frame(Stamps(*times[:5])), times[5]).stages
    assert stages.total == (times[5] - captured) // 1_000


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("encoding", Encoding)
def test_samples_survive_the_way(encoding: Encoding, channels: int) -> None:
    samples = np.linspace(-1, 0.999, 24, dtype=np.float32).reshape(-1, channels)
    pcm = encode_samples(samples, encoding)
    back = AudioFormat(encoding, 16_000, channels).decode(pcm)
    np.testing.assert_allclose(back, samples, atol=0.5 / 32_768)


def test_int16_samples_travel_as_they_are() -> None:
    samples = np.array([-32_768, -1, 0, 1, 32_767], np.int16)
    pcm = encode_samples(samples, Encoding.S16LE)
    assert pcm == struct.pack("<5h", *samples.tolist())
    as_float = np.frombuffer(encode_samples(samples, Encoding.F32LE), "<f4")
    np.testing.assert_array_equal(as_float * 32_768, samples)


def test_other_types_of_samples_are_the_programmers_mistake() -> None:
    with pytest.raises(ValueError, match="float or int16, not int32"):
        encode_samples(np.zeros(3, np.int32), Encoding.S16LE)


def test_too_loud_and_not_a_number_fit_into_16_bits() -> None:
    samples = np.array([2.0, -2.0, np.nan, np.inf, -np.inf], np.float32)
    values = struct.unpack("<5h", encode_samples(samples, Encoding.S16LE))
    assert values == (32_767, -32_768, 0, 32_767, -32_768)
