"""Wire protocol version 1, JSON part: control messages, and frames for clients that want text.

Unknown keys are refused, with the list of the known ones: a typing slip must not be silent.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from facewire import arkit
from facewire.audio.format import AudioFormat, Encoding
from facewire.errors import ConfigError
from facewire.frame_rate import parse_frame_rate
from facewire.wire.binary import VERSION, ErrorCode, ProtocolError, StageDurations, WireFrame

Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
FrameFormat = Literal["binary", "json"]
Seed = Annotated[int, Meta(ge=0, le=2**53)]
SilenceMs = Annotated[float, Meta(ge=100, le=60_000)]

MIN_SAMPLE_RATE = 8_000
MAX_SAMPLE_RATE = 192_000
MAX_CHANNELS = 8
MAX_LOOKAHEAD_MS = 1_000


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """A JSON object whose `type` says what it is."""


class Open(Message, tag="open", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Client, on /session: start a stream. Everything but the version is optional."""

    version: int
    sample_rate: int = 16_000
    """Hz, of the audio that the client sends."""
    sample_format: Literal["s16le", "f32le"] = "s16le"
    channels: int = 1
    """Interleaved; they are mixed to one."""
    frame_rate: str | int | float = "60"
    """Frames per second: "60", "29.97" or "30000/1001", or a number."""
    lookahead_ms: float = 80.0
    """How far past its timestamp a frame may listen."""
    format: FrameFormat = "binary"
    """How frames come back."""
    idle: bool = True
    """Whether the face blinks, looks about and moves its head."""
    seed: Seed | msgspec.UnsetType | None = msgspec.UNSET
    """Which idle motion: the same seed moves the same way; null: one of its own."""
    silence_ms: SilenceMs | msgspec.UnsetType | None = msgspec.UNSET
    """After so long without audio the stream goes on as if silence came; null: never."""

    @property
    def wanted_seed(self) -> int | None:
        """The seed, None if the client leaves it to the server."""
        return None if self.seed is msgspec.UNSET else self.seed

    @property
    def audio_format(self) -> AudioFormat:
        """What the bytes of the PCM mean."""
        return AudioFormat(Encoding(self.sample_format), self.sample_rate, self.channels)

    @property
    def exact_frame_rate(self) -> Fraction:
        """The frame rate as a fraction; ConfigError where it is none."""
        return parse_frame_rate(str(self.frame_rate)[:40])

    def check(self) -> None:
        """Refuse what no server does, before an engine is asked.

        Raises:
            ProtocolError: a value is out of its range.
        """
        if self.version != VERSION:
            _refuse(f"this server speaks version {VERSION} of the protocol, not {self.version}")
        if not MIN_SAMPLE_RATE <= self.sample_rate <= MAX_SAMPLE_RATE:
            _refuse(
                f"sample_rate is from {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz, "
                f"not {self.sample_rate}"
            )
        if not 1 <= self.channels <= MAX_CHANNELS:
            _refuse(f"channels is from 1 to {MAX_CHANNELS}, not {self.channels}")
        if not 0 <= self.lookahead_ms <= MAX_LOOKAHEAD_MS:
            _refuse(f"lookahead_ms is from 0 to {MAX_LOOKAHEAD_MS}, not {self.lookahead_ms}")
        try:
            _ = self.exact_frame_rate
        except ConfigError as error:
            _refuse(str(error))


class End(Message, tag="end", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Client: no more audio in this stream."""


class SetLookahead(Message, tag="lookahead", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Client, on /session: how far past its timestamp a frame may listen from now on."""

    ms: Annotated[float, Meta(ge=0, le=MAX_LOOKAHEAD_MS)]


class Ping(Message, tag="ping", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Client: what time is it?"""

    id: Int64 = 0
    client_ns: Int64 = 0


class Hello(Message, tag="hello", frozen=True, kw_only=True):
    """Server: what the frames that follow mean."""

    version: int = VERSION
    software: str
    engine: str
    session: str
    names: tuple[str, ...] = arkit.NAMES
    frame_rate: tuple[int, int]
    """Numerator and denominator."""
    sample_rate: int
    """Hz of the clock that timestamps count, whatever the client sends."""
    lookahead: int
    """Samples."""
    hop: int
    """Samples between two steps of the engine."""
    format: FrameFormat = "binary"
    clock_ns: int
    """The server's monotonic time."""


class LookaheadSet(Message, tag="lookahead", frozen=True, kw_only=True):
    """Server: from which frame on another look-ahead holds."""

    ms: float
    lookahead: int
    """Samples."""
    frame: int
    """Index of the first frame for which it holds exactly."""


class Silence(Message, tag="silence", frozen=True, kw_only=True):
    """Server: from a sample of the client's on, its audio lies later than the client counts.

    The audio had stopped, and the stream went on as if silence came.
    """

    start: int
    """Index of the sample, as the client counts."""
    samples: int
    """Of silence, at the client's rate, that stand before it and were not counted."""
    total: int
    """All such silence so far: sample s of the client is sample s + total of the stream."""


class Ended(Message, tag="end", frozen=True, kw_only=True):
    """Server: that was the last frame of the stream."""

    frames: int
    dropped: int = 0
    late: int = 0


class Pong(Message, tag="pong", frozen=True, kw_only=True):
    """Server: the answer to a ping."""

    id: int
    client_ns: int
    clock_ns: int


class Error(Message, tag="error", frozen=True, kw_only=True):
    """Server: what went wrong, in one sentence; the connection closes."""

    code: str
    message: str


class _Stages(msgspec.Struct, frozen=True):
    queue: int
    encode: int
    decode: int
    face: int
    send: int


class Frame(Message, tag="frame", frozen=True, kw_only=True):
    """Server: one face as JSON."""

    turn: int
    index: int
    timestamp: int
    captured_ns: int
    stages_us: _Stages
    speech: float
    head: tuple[float, float, float]
    weights: Annotated[list[float], Meta(min_length=arkit.COUNT, max_length=arkit.COUNT)]


class _Kind(msgspec.Struct):
    type: str


ClientMessage = Open | SetLookahead | End | Ping
ServerMessage = Hello | LookaheadSet | Silence | Ended | Pong | Error | Frame

_CLIENT_TYPES: dict[str, type[ClientMessage]] = {
    "open": Open,
    "end": End,
    "ping": Ping,
    "lookahead": SetLookahead,
}
_SERVER_KINDS = ("hello", "lookahead", "silence", "end", "pong", "error", "frame")

_encoder = msgspec.json.Encoder()
_client_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_server_decoder: msgspec.json.Decoder[ServerMessage] = msgspec.json.Decoder(ServerMessage)


def encode_message(message: Message) -> str:
    """Serialize a JSON message."""
    return _encoder.encode(message).decode()


def decode_client_message(text: str) -> ClientMessage:
    """Parse what a client may send.

    Raises:
        ProtocolError: not JSON, or not a message of this version.
    """
    try:
        return _client_decoder.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ProtocolError(explain(text, error, _CLIENT_TYPES)) from error


def decode_server_message(text: str) -> ServerMessage | None:
    """Parse what a server may send; None is a message of a type that this version does not know.

    Unknown keys are ignored, too, so that servers may learn to say more.

    Raises:
        ProtocolError: not JSON, or not a message of this version.
    """
    try:
        return _server_decoder.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        if kind_of(text) not in (None, *_SERVER_KINDS):
            return None
        raise ProtocolError(f"the server sent an unknown message ({error})") from error


def json_frame(frame: WireFrame) -> Frame:
    """Turn a frame into its JSON form: five digits are finer than any renderer shows."""
    stages = frame.stages
    return Frame(
        turn=frame.turn,
        index=frame.index,
        timestamp=frame.timestamp,
        captured_ns=frame.captured_ns,
        stages_us=_Stages(stages.queue, stages.encode, stages.decode, stages.face, stages.send),
        speech=round(frame.speech, 5),
        head=(round(frame.head[0], 5), round(frame.head[1], 5), round(frame.head[2], 5)),
        weights=[round(weight, 5) for weight in frame.weights.tolist()],
    )


def wire_frame_of(frame: Frame) -> WireFrame:
    """Turn the JSON form back into a frame."""
    stages = frame.stages_us
    return WireFrame(
        weights=np.array(frame.weights, np.float32),
        index=frame.index,
        timestamp=frame.timestamp,
        turn=frame.turn,
        captured_ns=frame.captured_ns,
        stages=StageDurations(stages.queue, stages.encode, stages.decode, stages.face, stages.send),
        speech=frame.speech,
        head=frame.head,
    )


def _refuse(message: str) -> None:
    raise ProtocolError(message, ErrorCode.UNSUPPORTED)


def explain(text: str, error: Exception, types: Mapping[str, type[msgspec.Struct]]) -> str:
    """Say what is wrong with a text message, where messages of these types are known."""
    if not isinstance(error, msgspec.ValidationError):
        return f"text messages are JSON objects ({str(error)[:80]})"
    kind = kind_of(text)
    known = types.get(kind) if kind else None
    if known is None:
        return f'a text message is an object with "type" one of {", ".join(types)}'
    keys = ", ".join(("type", *known.__struct_fields__))
    return f'wrong "{kind}" message: {str(error)[:120]}; its keys are {keys}'


def kind_of(text: str) -> str | None:
    """Return the `type` of a JSON object, or None where there is none."""
    try:
        return msgspec.json.decode(text, type=_Kind).type
    except (msgspec.DecodeError, RecursionError):
        return None
