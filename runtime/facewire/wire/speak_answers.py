"""Wire protocol version 1, what a server says on `/speak`; clients ignore what they do not know."""

from typing import Literal

import msgspec

from facewire.wire.binary import ProtocolError
from facewire.wire.session import Ended, Error, Frame, Hello, Message, Pong, kind_of


class TokenSpaceInfo(msgspec.Struct, frozen=True):
    """What tokens a client may send."""

    name: str
    rate: tuple[int, int]
    """Tokens a second: numerator and denominator."""
    vocabulary: int


class SpeechHello(Hello, tag="hello", frozen=True, kw_only=True):
    """Server: what the turns that follow mean."""

    lead_ms: float
    pacing: str
    tokens: TokenSpaceInfo | None


class TurnBegins(Message, tag="turn", frozen=True, kw_only=True):
    """Server: a turn begins at a sample of the stream, or goes on after it had to wait."""

    turn: int
    sample: int
    at: int
    """Samples of the turn that were before."""


class Word(msgspec.Struct, frozen=True):
    """A word, and its samples on the stream's clock."""

    word: str
    start: int
    end: int


class Words(Message, tag="words", frozen=True, kw_only=True):
    """Server: the words of a turn that come next."""

    turn: int
    words: list[Word]


class LeadMs(msgspec.Struct, frozen=True):
    """How long before their sound the faces left, in ms."""

    first: float
    least: float
    median: float


class TurnEnds(Message, tag="turn_end", frozen=True, kw_only=True):
    """Server: all of a turn has been sent."""

    turn: int
    sample: int | None
    """Its last sample; None if it had none."""
    frames: int
    face_lead_ms: LeadMs | None


class Interrupted(Message, tag="interrupted", frozen=True, kw_only=True):
    """Server: a turn was stopped; nothing after the sample and the frame counts."""

    turn: int
    sample: int | None
    frame: int | None
    at_ms: float
    speech_ms: float
    dropped: list[int]


class NotInterrupted(Message, tag="not_interrupted", frozen=True, kw_only=True):
    """Server: there was nothing to stop."""

    turn: int
    reason: Literal["over", "unknown"]


class Paused(Message, tag="paused", frozen=True, kw_only=True):
    """Server: it stands still before this sample."""

    sample: int


class Resumed(Message, tag="resumed", frozen=True, kw_only=True):
    """Server: it goes on with this sample at this time of its clock."""

    sample: int
    clock_ns: int


class Problem(Message, tag="problem", frozen=True, kw_only=True):
    """Server: something about a turn cannot be done, in one sentence; the stream goes on."""

    turn: int
    message: str


SpeakAnswer = (
    SpeechHello
    | TurnBegins
    | Words
    | TurnEnds
    | Interrupted
    | NotInterrupted
    | Paused
    | Resumed
    | Problem
    | Ended
    | Pong
    | Error
    | Frame
)

_KINDS = (
    "hello", "turn", "words", "turn_end", "interrupted", "not_interrupted", "paused", "resumed",
    "problem", "end", "pong", "error", "frame",
)  # fmt: skip

_decoder: msgspec.json.Decoder[SpeakAnswer] = msgspec.json.Decoder(SpeakAnswer)


def decode_speak_answer(text: str) -> SpeakAnswer | None:
    """Parse what a server may send on `/speak`; None is a type that this version does not know.

    Raises:
        ProtocolError: not JSON, or not a message of this version.
    """
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        if kind_of(text) not in (None, *_KINDS):
            return None
        raise ProtocolError(f"the server sent an unknown message ({error})") from error
