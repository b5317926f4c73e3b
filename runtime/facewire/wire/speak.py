"""Wire protocol version 1, `/speak`: text, tokens or audio in; turns of sound and frames out."""

import json
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from facewire.wire.errors import ErrorCode, ProtocolError
from facewire.wire.messages import (
    End,
    Ended,
    Error,
    Frame,
    Hello,
    Int64,
    Message,
    MessageDecoder,
    Open,
    Ping,
    Pong,
    SetEmotion,
)

MAX_LEAD_MS = 10_000
LOWEST_FRAME_RATE = 10
"""Sound leaves with the frames, so they must not be rare."""

TurnNumber = Annotated[int, Meta(ge=1, le=2**32 - 1)]
Mode = Literal["queue", "cut"]
Milliseconds = Annotated[float, Meta(ge=0, le=1e9)]


class OpenSpeech(Open, tag="open", frozen=True, kw_only=True):
    """Client: start a stream of turns; what it sends is for turns of its own speech."""

    lookahead_ms: float = 150.0
    """How far a face may listen ahead where the client sends audio without tokens."""
    text: bool = True
    """Whether turns of text will come, for which a voice is needed."""
    voice: str = ""
    language: str = "en-us"
    rate: int = 175
    """Words a minute."""
    pitch: int = 50
    face: Literal["phones", "latents"] = "phones"
    """What of the voice the faces of text are made from."""
    audio: bool = True
    """Whether the server sends the sound; without it the mouth is silent."""
    lead_ms: float = 100.0
    """How long before they are heard faces and sound leave."""
    pacing: Literal["real-time", "burst"] = "real-time"
    """Burst: everything leaves as soon as it is made, and the client keeps time."""
    tokens: str = "phones"
    """The space of the tokens that the client sends."""

    def check(self) -> None:
        """Refuse what no server does, before a voice is asked.

        Raises:
            ProtocolError: a value is out of its range.
        """
        super().check()
        self.check_range("lead_ms", 0, MAX_LEAD_MS)
        if (rate := self.exact_frame_rate) < LOWEST_FRAME_RATE:
            raise ProtocolError(
                f"frame_rate is {LOWEST_FRAME_RATE} or more where there is sound, not {rate}",
                ErrorCode.UNSUPPORTED,
            )


class Text(Message, tag="text", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Client: the next piece of what a turn says, cut anywhere; a new number begins a turn."""

    turn: TurnNumber
    text: str
    mode: Mode = "queue"
    """What a new turn does while another one is spoken."""


class BeginSpeech(Message, tag="speech", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Client: a turn of its own speech begins, whose tokens or audio follow as binary messages."""

    turn: TurnNumber
    mode: Mode = "queue"
    tokens: bool = False
    """Whether tokens come, from which the face is made; otherwise it is made from the audio."""
    audio: bool = True
    """Whether audio comes."""
    alignment: bool = False
    """Whether times of what is said in the audio come, too."""


class Alignment(Message, tag="alignment", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Client: when something is said in a turn of its own speech, as its TTS tells it."""

    turn: TurnNumber
    format: str
    """Whose shape the data has, such as `elevenlabs`."""
    data: msgspec.Raw
    """What the provider sent, as it is."""
    offset_ms: Annotated[float, Meta(ge=-1e9, le=1e9)] = 0.0
    """Where the time 0 of the data lies in the turn."""


class EndTurn(Message, tag="end_turn", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Client: no more comes of a turn."""

    turn: TurnNumber


class SetPlayout(Message, tag="playout", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Client: this sample of the stream is heard then; without a time, now."""

    sample: Int64
    clock_ns: Int64 | None = None
    """In the server's time."""
    client_ns: Int64 | None = None
    """In the time of the client's pings."""


class Interrupt(Message, tag="interrupt", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Client: stop a turn, and those behind it; without a number, whatever is spoken."""

    turn: TurnNumber | None = None
    at_ms: Milliseconds | None = None
    """When the turn was heard last, after its beginning; by default, now."""


class Pause(Message, tag="pause", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Client: stand still; `sample` is the next one to be heard, if the client knows."""

    sample: Int64 | None = None


class Resume(Message, tag="resume", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Client: go on."""


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


SpeakRequest = (
    OpenSpeech
    | Text
    | BeginSpeech
    | Alignment
    | EndTurn
    | SetPlayout
    | Interrupt
    | Pause
    | Resume
    | SetEmotion
    | End
    | Ping
)

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

decode_speak_request = MessageDecoder[SpeakRequest](SpeakRequest).request


def turn_of_alignment(text: str) -> int | None:
    """Return which turn a message means to send times of, though it is not as it should be.

    Python and others write NaN into their JSON, so what only lacks numbers is read here.

    Returns:
        Its number, which may be out of range; None if it is another message or has no number.
    """
    if '"alignment"' not in text:
        return None
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or told.get("type") != "alignment":
        return None
    turn = told.get("turn")
    return turn if isinstance(turn, int) and not isinstance(turn, bool) else None


decode_speak_answer = MessageDecoder[SpeakAnswer](SpeakAnswer).answer
