"""Wire protocol version 1, what clients of `/speak` ask for: turns, and when they are heard.

As in `wire_messages`: unknown keys are refused, with the list of the known ones.
"""

from fractions import Fraction
from typing import Annotated, Literal, NoReturn

import msgspec
from msgspec import Meta

from facewire.audio.format import AudioFormat, Encoding
from facewire.errors import ConfigError
from facewire.frame_rate import parse_frame_rate
from facewire.wire.binary import VERSION, ErrorCode, ProtocolError
from facewire.wire.session import (
    MAX_CHANNELS,
    MAX_LOOKAHEAD_MS,
    MAX_SAMPLE_RATE,
    MIN_SAMPLE_RATE,
    End,
    FrameFormat,
    Int64,
    Message,
    Ping,
    Seed,
    explain,
)

MAX_LEAD_MS = 10_000
LOWEST_FRAME_RATE = 10
"""Sound leaves with the frames, so they must not be rare."""

TurnNumber = Annotated[int, Meta(ge=1, le=2**32 - 1)]
Mode = Literal["queue", "cut"]
Milliseconds = Annotated[float, Meta(ge=0, le=1e9)]


class OpenSpeech(Message, tag="open", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Client: start a stream of turns. Everything but the version is optional."""

    version: int
    text: bool = True
    """Whether turns of text will come, for which a voice is needed."""
    voice: str = ""
    language: str = "en-us"
    rate: int = 175
    """Words a minute."""
    pitch: int = 50
    frame_rate: str | int | float = "60"
    format: FrameFormat = "binary"
    audio: bool = True
    """Whether the server sends the sound; without it the mouth is silent."""
    lead_ms: float = 100.0
    """How long before they are heard faces and sound leave."""
    pacing: Literal["real-time", "burst"] = "real-time"
    """Burst: everything leaves as soon as it is made, and the client keeps time."""
    idle: bool = True
    """Whether the face blinks, looks about and moves its head."""
    seed: Seed | msgspec.UnsetType | None = msgspec.UNSET
    """Which idle motion: the same seed moves the same way; null: one of its own."""
    tokens: str = "phones"
    """The space of the tokens that the client sends."""
    sample_rate: int = 16_000
    """Hz, of the audio that the client sends."""
    sample_format: Literal["s16le", "f32le"] = "s16le"
    channels: int = 1
    lookahead_ms: float = 150.0
    """How far a face may listen ahead where the client sends audio without tokens."""

    @property
    def wanted_seed(self) -> int | None:
        """The seed, None if the client leaves it to the server."""
        return None if self.seed is msgspec.UNSET else self.seed

    @property
    def audio_format(self) -> AudioFormat:
        """What the bytes of the client's PCM mean."""
        return AudioFormat(Encoding(self.sample_format), self.sample_rate, self.channels)

    @property
    def exact_frame_rate(self) -> Fraction:
        """The frame rate as a fraction; ConfigError where it is none."""
        return parse_frame_rate(str(self.frame_rate)[:40])

    def check(self) -> None:
        """Refuse what no server does, before a voice is asked.

        Raises:
            ProtocolError: a value is out of its range.
        """
        if self.version != VERSION:
            _refuse(f"this server speaks version {VERSION} of the protocol, not {self.version}")
        for key, low, high in (
            ("sample_rate", MIN_SAMPLE_RATE, MAX_SAMPLE_RATE),
            ("channels", 1, MAX_CHANNELS),
            ("lookahead_ms", 0, MAX_LOOKAHEAD_MS),
            ("lead_ms", 0, MAX_LEAD_MS),
        ):
            if not low <= getattr(self, key) <= high:
                _refuse(f"{key} is from {low} to {high}, not {getattr(self, key)}")
        try:
            rate = self.exact_frame_rate
        except ConfigError as error:
            _refuse(str(error))
        if rate < LOWEST_FRAME_RATE:
            _refuse(f"frame_rate is {LOWEST_FRAME_RATE} or more where there is sound, not {rate}")


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


SpeakRequest = (
    OpenSpeech | Text | BeginSpeech | EndTurn | SetPlayout | Interrupt | Pause | Resume | End | Ping
)

_TYPES: dict[str, type[SpeakRequest]] = {
    "open": OpenSpeech,
    "text": Text,
    "speech": BeginSpeech,
    "end_turn": EndTurn,
    "playout": SetPlayout,
    "interrupt": Interrupt,
    "pause": Pause,
    "resume": Resume,
    "end": End,
    "ping": Ping,
}

_decoder: msgspec.json.Decoder[SpeakRequest] = msgspec.json.Decoder(SpeakRequest)


def decode_speak_request(text: str) -> SpeakRequest:
    """Parse what a client of `/speak` may send.

    Raises:
        ProtocolError: not JSON, or not a message of this version.
    """
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ProtocolError(explain(text, error, _TYPES)) from error


def _refuse(message: str) -> NoReturn:
    raise ProtocolError(message, ErrorCode.UNSUPPORTED)
