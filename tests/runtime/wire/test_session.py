"""The JSON of the protocol: what is sent, what is taken, and what is refused in which words."""

import json
import re
from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facewire import arkit
from facewire.audio.format import AudioFormat, Encoding
from facewire.wire.binary import StageDurations, WireFrame
from facewire.wire.errors import ErrorCode, ProtocolError
from facewire.wire.messages import (
    End,
    Ended,
    Error,
    Frame,
    Hello,
    Ping,
    Pong,
    encode_message,
    json_frame,
    wire_frame_of,
)
from facewire.wire.session import OpenSession, decode_session_answer, decode_session_request

PROTOCOL = Path(__file__).parents[3] / "docs" / "protocol.md"


def test_open_has_defaults_that_work() -> None:
    message = decode_session_request('{"type":"open","version":1}')
    assert message == OpenSession(version=1)
    assert isinstance(message, OpenSession)
    message.check()
    assert message.audio_format == AudioFormat(Encoding.S16LE, 16_000, 1)
    assert message.exact_frame_rate == 60


@pytest.mark.parametrize(
    ("written", "exact"),
    [
        ("30000/1001", Fraction(30_000, 1001)),
        ("29.97", Fraction(30_000, 1001)),
        (60, 60),
        (12.5, 12.5),
    ],
)
def test_frame_rates_are_exact(written: str | float, exact: Fraction) -> None:
    text = json.dumps({"type": "open", "version": 1, "frame_rate": written})
    message = decode_session_request(text)
    assert isinstance(message, OpenSession)
    message.check()
    assert message.exact_frame_rate == exact


def test_client_messages_survive_the_way() -> None:
    for message in (
        OpenSession(version=1, sample_rate=48_000, idle=False),
        End(),
        Ping(id=3, client_ns=9),
    ):
        assert decode_session_request(encode_message(message)) == message


def test_server_messages_survive_the_way() -> None:
    hello = Hello(
        software="facewire", engine="energy", session="ab", frame_rate=(60, 1), sample_rate=16_000,
        lookahead=1_280, hop=160, clock_ns=5,
    )  # fmt: skip
    for message in (
        hello,
        Ended(frames=3),
        Pong(id=1, client_ns=2, clock_ns=3),
        Error(code="a", message="b"),
    ):
        assert decode_session_answer(encode_message(message)) == message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "JSON"),
        ("{", "JSON"),
        ("[" * 100_000, "open, end, ping"),
        ("[]", "open, end, ping"),
        ("7", "open, end, ping"),
        ('{"type":"nope"}', "open, end, ping"),
        ('{"type":7}', "open, end, ping"),
        ('{"version":1}', "open, end, ping"),
        ('{"type":"open"}', "version"),
        ('{"type":"open","version":"1"}', "version"),
        ('{"type":"open","version":1,"samplerate":8000}', "samplerate.*keys are.*sample_rate"),
        ('{"type":"open","version":1,"sample_format":"u8"}', "u8.*sample_format"),
        ('{"type":"end","now":true}', "now"),
        ('{"type":"ping","id":99999999999999999999}', "id"),
    ],
)  # fmt: skip
def test_a_bad_message_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ProtocolError, match=words) as caught:
        decode_session_request(text)
    assert caught.value.code is ErrorCode.BAD_MESSAGE
    assert len(str(caught.value)) < 400


@given(st.text(max_size=200))
def test_any_text_is_refused_politely(text: str) -> None:
    with pytest.raises(ProtocolError):
        decode_session_request(text)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("version", 2, "version 1 of the protocol, not 2"),
        ("sample_rate", 7_999, "8000 to 192000"),
        ("sample_rate", 192_001, "8000 to 192000"),
        ("channels", 0, "1 to 8"),
        ("channels", 9, "1 to 8"),
        ("lookahead_ms", -1, "0 to 1000"),
        ("lookahead_ms", 1_001, "0 to 1000"),
        ("frame_rate", "0", "frame rate"),
        ("frame_rate", "fast", "frame rate"),
        ("frame_rate", "1/0", "frame rate"),
        ("frame_rate", "1e999999999", "frame rate"),
        ("frame_rate", 241, "frame rate"),
    ],
)
def test_what_no_server_does_is_unsupported(key: str, value: object, words: str) -> None:
    text = json.dumps({"type": "open", "version": 1, key: value})
    message = decode_session_request(text)
    assert isinstance(message, OpenSession)
    with pytest.raises(ProtocolError, match=words) as caught:
        message.check()
    assert caught.value.code is ErrorCode.UNSUPPORTED


def test_who_uses_no_styles_gets_the_bytes_of_before() -> None:
    assert encode_message(OpenSession(version=1)) == (
        '{"type":"open","version":1,"sample_rate":16000,"sample_format":"s16le","channels":1,'
        '"frame_rate":"60","lookahead_ms":80.0,"format":"binary","idle":true,"emotion":null,'
        '"provisional":false}'
    )
    hello = Hello(
        software="facewire", engine="energy", session="ab", names=("jawOpen",), frame_rate=(60, 1),
        sample_rate=16_000, lookahead=1_280, hop=160, clock_ns=5,
    )  # fmt: skip
    assert encode_message(hello) == (
        '{"type":"hello","version":1,"software":"facewire","engine":"energy","session":"ab",'
        '"names":["jawOpen"],"frame_rate":[60,1],"sample_rate":16000,"lookahead":1280,"hop":160,'
        '"format":"binary","clock_ns":5}'
    )
    styled = msgspec.structs.replace(hello, styles=("rules", "grid"))
    assert '"styles":["rules","grid"]' in encode_message(styled)
    assert decode_session_answer(encode_message(styled)) == styled


@pytest.mark.parametrize(
    ("style", "wanted"), [(None, None), ({}, {}), ({"grid": 0.3}, {"grid": 0.3})]
)
def test_a_style_is_asked_for_by_shares(
    style: dict[str, float] | None, wanted: dict[str, float] | None
) -> None:
    text = json.dumps({"type": "open", "version": 1, "style": style})
    message = decode_session_request(text)
    assert isinstance(message, OpenSession)
    message.check()
    assert message.wanted_style == wanted


@pytest.mark.parametrize("share", ["NaN", "1e999", "null", '"0.3"', "[0.3]"])
def test_a_style_of_no_numbers_is_refused(share: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode_session_request(f'{{"type":"open","version":1,"style":{{"grid":{share}}}}}')
    assert caught.value.code is ErrorCode.BAD_MESSAGE


def test_clients_ignore_what_a_newer_server_adds() -> None:
    assert decode_session_answer('{"type":"weather","sun":1}') is None
    assert decode_session_answer('{"type":"end","frames":2,"mood":"good"}') == Ended(frames=2)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"type":"end"}', '{"type":"frame","turn":0}'])
def test_clients_refuse_a_broken_server_message(text: str) -> None:
    with pytest.raises(ProtocolError):
        decode_session_answer(text)


def test_a_json_frame_survives_the_way_to_five_digits() -> None:
    weights = np.random.default_rng(0).uniform(0, 1, arkit.COUNT).astype(np.float32)
    frame = WireFrame(
        weights, 7, 1866, 1, 10**18, StageDurations(1, 2, 3, 4, 5), 0.5, (0.1, 0, -0.2)
    )
    text = encode_message(json_frame(frame))
    plain = json.loads(text)
    assert plain["type"] == "frame"
    assert set(plain["stages_us"]) == {"queue", "encode", "decode", "face", "send"}
    message = decode_session_answer(text)
    assert isinstance(message, Frame)
    back = wire_frame_of(message)
    np.testing.assert_allclose(back.weights, weights, atol=0.6e-5)
    for name in ("index", "timestamp", "turn", "captured_ns", "stages", "speech", "head"):
        assert getattr(back, name) == getattr(frame, name)


def test_the_document_lists_the_keys_of_every_message() -> None:
    text = PROTOCOL.read_text()
    of_open = text.partition("**`open`**")[2].partition("```json")[0]
    rows = re.findall(r"^\| `(\w+)` \|", of_open, re.MULTILINE)
    assert rows == list(OpenSession.__struct_fields__)
    for message in (Hello, Ended, Pong, Frame, Error, Ping):
        for field in msgspec.structs.fields(message):
            assert f'"{field.name}"' in text, f"{message.__name__} has {field.name}"


def test_the_document_lists_every_error() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d{4}) \|", PROTOCOL.read_text(), re.MULTILINE)
    assert rows == [(code.label, str(code.close_code)) for code in ErrorCode]
