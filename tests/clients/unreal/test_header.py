"""The engine-free header: real messages to the bit, hostile ones in a sentence, faces in time."""

import json

import numpy as np
import pytest
from tests.clients.unity.mono import faces
from tests.clients.unreal.conftest import CLIENT_NS, Conversation, Header, as_line

from facewire import arkit
from facewire.wire.binary import AUDIO_KIND, decode_audio

HELLO = {
    "type": "hello", "version": 1, "names": list(arkit.NAMES),
    "frame_rate": [60, 1], "sample_rate": 16_000,
}  # fmt: skip
FRAME = bytes([0x46, 1]) + bytes(270)
AUDIO = bytes([0x41, 1]) + bytes(14)


def test_every_message_of_a_real_server(header: Header, conversation: Conversation) -> None:
    answers = header("messages", lines=conversation.lines)
    assert len(answers) == len(conversation.messages)
    assert not [answer for answer in answers if answer.startswith("refused")]
    seen = faces(answers)
    first, count = seen.indices[0], len(seen.indices)
    assert count > 60
    with np.load(conversation.recording) as recorded:
        np.testing.assert_array_equal(seen.indices, np.arange(first, len(recorded["indices"])))
        for name in ("timestamps", "turns", "weights", "head", "speech"):
            np.testing.assert_array_equal(getattr(seen, name), recorded[name][first:])
    assert seen.weights.max() > 0.3
    known = [decode_audio(m) for m in conversation.messages if m[0] == AUDIO_KIND]  # type: ignore[arg-type]
    runs = [(run.turn, run.start, np.frombuffer(run.pcm, "<i2").astype(int)) for run in known]
    assert [answer for answer in answers if answer.startswith("audio")] == [
        f"audio {turn} {start} {len(pcm)} {pcm.sum()}" for turn, start, pcm in runs
    ]
    assert len(runs) > 60
    assert answers[0].startswith("hello 52 16000 ")
    (pong,) = [answer.split() for answer in answers if answer.startswith("pong")]
    assert pong[4] == str(CLIENT_NS)
    assert int(pong[5]) > 0
    (end,) = [answer.split() for answer in answers if answer.startswith("end")]
    assert int(end[3]) == count


def test_hostile_bytes_are_refused_in_a_sentence(header: Header) -> None:
    hello = as_line(json.dumps(HELLO))
    wrong = [FRAME[:length] for length in range(len(FRAME))]
    wrong += [FRAME + b"\0", FRAME + bytes(4), FRAME[:64] + bytes(1 << 20), b"\x46\2" + FRAME[2:]]
    wrong += [AUDIO[:length] for length in range(len(AUDIO))] + [
        AUDIO + b"\0",
        b"\x41\0" + AUDIO[2:],
    ]
    answers = header("messages", lines=[hello, *map(as_line, wrong), as_line(FRAME)])
    assert not [answer for answer in answers[1:-1] if not answer.startswith("refused The server ")]
    assert "version 2" in answers[len(FRAME) + 4]
    assert answers[-1].startswith("frame 0 0 0 0 ")
    # Without a hello there are no names, and no face has any.
    assert header("messages", lines=[as_line(FRAME)])[0].startswith("refused")


def test_hostile_text_is_refused_in_a_sentence(header: Header) -> None:
    good = json.dumps(HELLO)
    wrong = [
        "", "[]", "5", "{", '{"type": 5}', '{"type": "hello"}', '{"type": "x",}', '{"type": "x"} y',
        '{"type": "\\u12"}', '{"type": "\\ud83d\\u0041"}', '{"type": "\\q"}', '{"type": tru}', "\0",
        '{"type": "x", "n": 1-2}', '{"type": "x", "n": }', "[" * 10_000, '{"a":' * 10_000,
        json.dumps({**HELLO, "version": 2}), json.dumps({**HELLO, "names": []}),
        json.dumps({**HELLO, "names": ["a"] * 2_000}), json.dumps({**HELLO, "sample_rate": 0}),
        json.dumps({**HELLO, "sample_rate": 2**62}), json.dumps({**HELLO, "sample_rate": 10**40}),
        json.dumps({**HELLO, "sample_rate": 1.5}), *[good[:length] for length in range(len(good))],
    ]  # fmt: skip
    answers = header("messages", lines=[as_line(text) for text in wrong])
    assert not [answer for answer in answers if not answer.startswith("refused The server ")]


def test_text_is_read_as_json_says(header: Header) -> None:
    error = {"type": "error", "code": "no-stream", "message": 'Ü 🙂 \\ " \n\t/'}
    lines = [as_line(json.dumps(error, ensure_ascii=plain)) for plain in (True, False)]
    lines += [as_line('{"type":"later","x":[1.5e-3,null,true,false,{},[]],"\\u0061":{"b":-0}}')]
    answers = "\n".join(header("messages", lines=lines)).split("error ")
    assert answers[1] == answers[2].replace("\nlater 0 0 0 0 0  ", "\n")
    assert 'no-stream Ü 🙂 \\ " \n\t/' in answers[1]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_changed_messages_do_no_harm(header: Header, conversation: Conversation, seed: int) -> None:
    messages = conversation.messages
    texts = [as_line(m) for m in messages if isinstance(m, str)]
    others = [as_line(m) for m in messages if isinstance(m, bytes)][:200]
    (answer,) = header("fuzz", str(seed), "20000", lines=texts * 40 + others)
    assert 4_000 < int(answer.split()[1]) < 20_000


def test_motion_is_even_and_a_late_face_is_sorted_in(header: Header) -> None:
    rng = np.random.default_rng(3)
    timestamps = np.arange(900) * 16_000 // 60
    made = timestamps / 16_000
    arrived = np.maximum.accumulate(100 + made + rng.uniform(0, 0.03, 900))
    looked = 100.0 + np.arange(0.5, 14.5, 0.011)
    # The weight is the time itself, so that what is shown says when it belongs to.
    pushes = [
        (a, f"push {t} {a} {m / 20}") for t, a, m in zip(timestamps, arrived, made, strict=True)
    ]
    # Two that change places on the way.
    (at, one), (_, other) = pushes[100], pushes[101]
    pushes[100:102] = [(at, other), (at, one)]
    looks = [(at, f"at {at}") for at in looked]
    lines = [line for _, line in sorted(pushes + looks, key=lambda pair: pair[0])]
    answers = header("jitter", lines=lines)
    seen = [a.split() for line, a in zip(lines, answers, strict=True) if line.startswith("at")]
    seconds, even, delays = np.array(seen, float).T * [[20], [1], [1]]
    assert np.all(np.diff(seconds) >= 0)
    settled = looked > 106
    assert np.mean(np.abs(np.diff(seconds[settled]) - 0.011) < 0.002) > 0.97
    assert 0.03 / 2 + 1 / 60 < delays[-1] <= 0.03 + 1 / 59
    # A face's own place on this machine's clock: that of the quickest.
    assert np.all(np.abs(even[settled] - 100 - seconds[settled]) < 1 / 50)


def test_a_face_behind_its_time_is_counted_and_nothing_grows(header: Header) -> None:
    lines = ["at 5", "push 16000 10 0.5", "at 10", "push 0 10.1 1", "at 10.2"]
    known = ["none", "late 0 0", "0.5 10 0", "late 1 0", "0.5 10 0"]
    assert header("jitter", lines=lines) == known
    lines = [f"push {i * 266} {i / 60} 0.5" for i in range(2_000)]
    assert header("jitter", lines=lines)[-1] == f"late 0 {2_000 - 512}"


def test_the_quickest_ping_tells_the_clocks_apart(header: Header) -> None:
    lines = ["0 5000 100", "1000 6005 1010", "2000 9000 4000"]
    assert header("clock", lines=lines) == ["4950 100", "5000 10", "5000 10"]
    assert header("clock", lines=["0 5000 2", *["0 7000 50"] * 8])[-1] == "6975 50"
