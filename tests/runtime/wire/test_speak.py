"""The JSON messages of `/speak`: what the document says is what the code knows."""

import re
from pathlib import Path

import msgspec
import pytest

from facewire.wire.errors import ProtocolError
from facewire.wire.messages import End, Message, Ping, encode_message
from facewire.wire.speak import (
    Alignment,
    BeginSpeech,
    EndTurn,
    Interrupt,
    Interrupted,
    LeadMs,
    NotInterrupted,
    OpenSpeech,
    Pause,
    Paused,
    Problem,
    Resume,
    Resumed,
    SetPlayout,
    Text,
    TokenSpaceInfo,
    TurnBegins,
    TurnEnds,
    Word,
    Words,
    decode_speak_answer,
    decode_speak_request,
)

DOCUMENT = (Path(__file__).parents[3] / "docs" / "speak.md").read_text(encoding="utf-8")
REQUESTS = (
    OpenSpeech(version=1, voice="f2", lead_ms=40, pacing="burst"),
    Text(turn=1, text="Grüß Gott", mode="cut"),
    BeginSpeech(turn=2, tokens=True),
    Alignment(turn=2, format="words", data=msgspec.Raw(b'[{"word":"a","start":0.5}]')),
    EndTurn(turn=2),
    SetPlayout(sample=4_800, clock_ns=7),
    Interrupt(turn=3, at_ms=12.5),
    Interrupt(),
    Pause(sample=3),
    Resume(),
    End(),
    Ping(id=4),
)
ANSWERS = (
    TurnBegins(turn=1, sample=2, at=3),
    Words(turn=1, words=[Word("Hello,", 1, 2)]),
    TurnEnds(turn=1, sample=None, frames=0, face_lead_ms=None),
    TurnEnds(turn=1, sample=9, frames=4, face_lead_ms=LeadMs(1.0, 0.5, 2.0)),
    Interrupted(turn=1, sample=1, frame=2, at_ms=3.0, speech_ms=4.0, dropped=[5, 6]),
    NotInterrupted(turn=1, reason="unknown"),
    Paused(sample=1),
    Resumed(sample=1, clock_ns=2),
    Problem(turn=0, message="no"),
)


@pytest.mark.parametrize("message", REQUESTS, ids=lambda message: type(message).__name__)
def test_requests_survive_the_way(message: Message) -> None:
    assert decode_speak_request(encode_message(message)) == message


@pytest.mark.parametrize("message", ANSWERS, ids=lambda message: type(message).__name__)
def test_answers_survive_the_way(message: Message) -> None:
    assert decode_speak_answer(encode_message(message)) == message


def test_answers_of_a_type_to_come_are_none_and_their_keys_do_no_harm() -> None:
    assert decode_speak_answer('{"type":"mood","turn":1}') is None
    assert decode_speak_answer('{"type":"paused","sample":1,"why":"so"}') == Paused(sample=1)
    with pytest.raises(ProtocolError, match="unknown message"):
        decode_speak_answer('{"type":"paused"}')


def test_a_slip_is_answered_with_the_keys_that_there_are() -> None:
    with pytest.raises(ProtocolError, match="its keys are type, turn, text, mode"):
        decode_speak_request('{"type":"text","turn":1,"txt":"a"}')


@pytest.mark.parametrize(
    ("message", "choices"),
    [
        ('{"type":"open","face":"lips"}', "phones, latents"),
        ('{"type":"open","pacing":"slow"}', "real-time, burst"),
        ('{"type":"text","turn":1,"text":"a","mode":"mix"}', "queue, cut"),
        ('{"type":"text","turn":1,"text":"a","mode":null}', "queue, cut"),
        ('{"type":"open","face":"' + 200 * "x" + '"}', "phones, latents"),
    ],
)
def test_a_value_that_a_key_cannot_have_is_answered_with_those_that_it_can(
    message: str, choices: str
) -> None:
    with pytest.raises(ProtocolError, match=f"at `.*`, which is one of {choices}$"):
        decode_speak_request(message)


def test_the_document_lists_the_keys_of_open() -> None:
    rows = re.findall(
        r"^\| (`\w+`(?:, `\w+`)*) \|", DOCUMENT.partition("**`open`**")[2], re.MULTILINE
    )
    keys = [key for row in rows for key in re.findall(r"\w+", row)]
    assert set(OpenSpeech.__struct_fields__) <= set(keys)


@pytest.mark.parametrize(
    "message",
    [
        *(
            Text,
            BeginSpeech,
            Alignment,
            EndTurn,
            SetPlayout,
            Interrupt,
            Pause,
            TurnBegins,
            Words,
            Word,
        ),
        *(TurnEnds, LeadMs, Interrupted, NotInterrupted, Paused, Resumed, Problem, TokenSpaceInfo),
    ],
)
def test_the_document_lists_the_keys_of_every_message(message: type[msgspec.Struct]) -> None:
    for name in message.__struct_fields__:
        assert f'"{name}"' in DOCUMENT or f"`{name}`" in DOCUMENT, name
