"""The bytes and the text of the protocol, read by the Unity package, hostile ones included."""

import json

import numpy as np
import pytest
from tests.clients.unity.mono import Program, faces

from facewire import arkit
from facewire.wire.binary import AudioMessage, WireFrame, decode_frame, encode_audio

SPEC_FRAME = bytes.fromhex(
    "46010000 01000000 07000000 4a070000 00000000 00ca9a3b 00000000 01000000"
    "02000000 03000000 04000000 05000000 0000803f 0000803e 00000000 000000bf"
) + bytes.fromhex("00" * 68 + "0000003f" + "00" * 136)
"""Of docs/protocol.md."""
HELLO = {
    "type": "hello", "version": 1, "engine": "phones", "names": list(arkit.NAMES),
    "frame_rate": [30_000, 1_001], "sample_rate": 16_000,
}  # fmt: skip


def test_the_frame_of_the_specification(driver: Program) -> None:
    (line,) = driver.answers("frame-bytes", lines=[SPEC_FRAME.hex()])
    words, facts = line.split(" captured ")
    seen = faces([words])
    known: WireFrame = decode_frame(SPEC_FRAME)
    assert (seen.turns[0], seen.indices[0], seen.timestamps[0]) == (1, 7, 1_866)
    assert seen.seconds[0] == pytest.approx(1_866 / 16_000)
    assert (seen.speech[0], *seen.head[0]) == (1.0, 0.25, 0.0, -0.5)
    np.testing.assert_array_equal(seen.weights[0], known.weights)
    assert seen.weights[0, arkit.INDEX["jawOpen"]] == 0.5
    assert facts == "1000000000 stages 1,2,3,4,5"


def test_audio_is_read_to_the_bit(driver: Program) -> None:
    samples = np.array([1, 32_767, -32_768, 0], np.int16)
    sent = encode_audio(AudioMessage(samples.tobytes(), 2**40 + 1, 3))
    assert driver.answers("frame-bytes", lines=[sent.hex()]) == [
        f"audio 3 {2**40 + 1} 3.051758E-05,0.9999695,-1,0"
    ]


def test_hostile_bytes_are_refused_in_a_sentence(driver: Program) -> None:
    rng = np.random.default_rng(2)
    short = [SPEC_FRAME[:length] for length in range(len(SPEC_FRAME))]
    later = bytes([0x46, 2]) + SPEC_FRAME[2:]
    long = SPEC_FRAME + bytes(4)
    audio = bytes([0x41, 1]) + bytes(14)
    odd = [audio[:length] for length in range(16)] + [audio + b"\0"]
    lines = [data.hex() for data in [*short, later, long, *odd]]
    answers = driver.answers("frame-bytes", lines=lines)
    assert all(answer.startswith("refused The server s") for answer in answers)
    assert "version 2" in answers[len(short)]
    noise = [rng.bytes(272).hex() for _ in range(500)]
    noise += [(SPEC_FRAME[:2] + rng.bytes(270)).hex() for _ in range(500)]
    answers = driver.answers("frame-bytes", lines=noise)
    assert sum(answer.startswith("frame ") for answer in answers) >= 500
    # What is drawn is a number, whatever came.
    for word in " ".join(answers[500:]).split():
        assert "NaN" not in word
        assert "Infinity" not in word


def test_what_json_may_hold_is_read(driver: Program) -> None:
    words = [{"word": 'a "\\ü\n', "start": 5, "end": 7}, {"word": "🙂", "start": 8, "end": 9}]
    lines = [
        json.dumps(HELLO),
        json.dumps({**HELLO, "later": {"x": [1.5e-3, None, True, {}]}}, indent=None),
        json.dumps({"type": "words", "turn": 2, "words": words}),
        json.dumps({"type": "words", "turn": 2, "words": words}, ensure_ascii=False),
        json.dumps(
            {"type": "interrupted", "turn": 1, "sample": None, "frame": None, "dropped": []}
        ),
        '{"type": "unheard-of"}',
    ]
    answers = driver.answers("text", lines=lines)
    assert answers[0].startswith("hello 16000 29.97")
    assert answers[0].endswith(" 52")
    assert answers[1] == answers[0]
    assert answers[2] == answers[3] == 'words 2 -1 a "\\ü?:5:7,🙂:8:9 '
    assert answers[4] == "interrupted 1 -1  "
    assert answers[5] == "other unheard-of"


def test_hostile_text_is_refused_in_a_sentence(driver: Program) -> None:
    good = json.dumps(HELLO)
    wrong = [
        "", "[]", "5", "{", '{"type": 5}', '{"type": "hello"}', '{"a": 1,}', "{'type': 'hello'}",
        '{"type": "x"} y', '{"type": "\\u12"}', '{"type": "\\q"}', '{"type": tru}', "\0",
        '{"type": "x", "n": 1-2}', '{"type": "x", "n": }', "[" * 10_000, '{"a":' * 10_000,
        json.dumps({**HELLO, "version": 2}), json.dumps({**HELLO, "names": []}),
        json.dumps({**HELLO, "names": ["a"] * 2_000}), json.dumps({**HELLO, "sample_rate": 0}),
        json.dumps({**HELLO, "sample_rate": 2**62}), json.dumps({**HELLO, "sample_rate": "fast"}),
        '{"type": "words", "words": [{"word": "a"}]}', '{"type": "words", "words": [5]}',
    ]  # fmt: skip
    wrong += [good[:length] for length in range(len(good))]
    answers = driver.answers("text", lines=wrong)
    assert not [a for a in answers if not a.startswith("refused The server ")]
