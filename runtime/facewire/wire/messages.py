"""Wire protocol version 1, JSON part: the messages that every address has, and how they are read.

Servers refuse unknown keys, with the list of the known ones: a typing slip must not be silent.
Clients ignore what they do not know, so that servers may learn to say more.
"""

import re
from fractions import Fraction
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import numpy as np
from msgspec import Meta

from facewire import arkit
from facewire.audio.format import AudioFormat, Encoding
from facewire.emotion import Emotion, emotion_of
from facewire.errors import ConfigError
from facewire.frame_rate import parse_frame_rate
from facewire.wire.binary import VERSION, StageDurations, WireFrame
from facewire.wire.errors import ErrorCode, ProtocolError

Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
FrameFormat = Literal["binary", "json"]
SampleFormat = Literal["s16le", "f32le"]
Shares = dict[str, float]
"""By name: of an emotion those of `facewire.emotion.NAMES`, of a style those of a hello."""
Seed = Annotated[int, Meta(ge=0, le=2**53)]

MAX_LOOKAHEAD_MS = 1_000
PART = 90
"""Characters of the beginning and of the end of a complaint that are told."""
_RANGES = {
    "sample_rate": (8_000, 192_000),
    "channels": (1, 8),
    "lookahead_ms": (0, MAX_LOOKAHEAD_MS),
}


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """A JSON object whose `type` says what it is."""


class Open(Message, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Client: start a stream. Everything but the version is optional."""

    version: int
    sample_rate: int = 16_000
    """Hz, of the audio that the client sends."""
    sample_format: SampleFormat = "s16le"
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
    emotion: Shares | None = None
    """What the speaker feels; null: what the server's profile says."""

    @property
    def felt(self) -> Emotion | None:
        """The emotion; `check` has refused what is none."""
        return _felt(self.emotion)

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
            raise ProtocolError(
                f"this server speaks version {VERSION} of the protocol, not {self.version}",
                ErrorCode.UNSUPPORTED,
            )
        for key, (low, high) in _RANGES.items():
            self.check_range(key, low, high)
        try:
            _ = self.exact_frame_rate, self.felt
        except ConfigError as error:
            raise ProtocolError(str(error), ErrorCode.UNSUPPORTED) from error

    def check_range(self, key: str, low: float, high: float) -> None:
        """Refuse a value below or above.

        Raises:
            ProtocolError: it is.
        """
        value = getattr(self, key)
        if not low <= value <= high:
            raise ProtocolError(
                f"{key} is from {low} to {high}, not {value}", ErrorCode.UNSUPPORTED
            )


def _felt(shares: Shares | None) -> Emotion | None:
    return None if shares is None else emotion_of(shares)


class End(Message, tag="end", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Client: no more audio in this stream."""


class SetEmotion(Message, tag="emotion", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Client: what the speaker feels from now on; null: what the server's profile says."""

    emotion: Shares | None

    @property
    def felt(self) -> Emotion | None:
        """The emotion; decoding has refused what is none."""
        return _felt(self.emotion)

    def __post_init__(self) -> None:
        try:
            _ = self.felt
        except ConfigError as error:
            raise ValueError(str(error)) from error


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
    styles: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """Of which `open` on `/session` may ask for shares; left out where the engine has none."""


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


class Frame(Message, tag="frame", frozen=True, kw_only=True, omit_defaults=True):
    """Server: one face as JSON."""

    turn: int
    index: int
    timestamp: int
    captured_ns: int
    stages_us: _Stages
    speech: float
    head: tuple[float, float, float]
    weights: Annotated[list[float], Meta(min_length=arkit.COUNT, max_length=arkit.COUNT)]
    provisional: bool = False
    """Left out unless it is true, which only a client that asked for such frames sees."""


MessageUnion = TypeVar("MessageUnion", bound=Message)


class MessageDecoder(Generic[MessageUnion]):
    """Parses the JSON messages that one side may send."""

    def __init__(self, union: Any) -> None:
        """Take the types of the messages, as `A | B`."""
        self._types: dict[str, type[MessageUnion]] = {
            str(one.__struct_config__.tag): one for one in get_args(union)
        }
        self._decoder: msgspec.json.Decoder[MessageUnion] = msgspec.json.Decoder(union)

    def request(self, text: str) -> MessageUnion:
        """Parse what a client sent.

        Raises:
            ProtocolError: not JSON, or not a message of this version; it lists what is known.
        """
        try:
            return self._decoder.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ProtocolError(self._explain(text, error)) from error

    def answer(self, text: str) -> MessageUnion | None:
        """Parse what a server sent; None is a message of a type that this version does not know.

        Raises:
            ProtocolError: not JSON, or not a message of this version.
        """
        try:
            return self._decoder.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            if _kind_of(text) not in (None, *self._types):
                return None
            raise ProtocolError(f"the server sent an unknown message ({error})") from error

    def _explain(self, text: str, error: Exception) -> str:
        if not isinstance(error, msgspec.ValidationError):
            return f"text messages are JSON objects ({str(error)[:80]})"
        kind = _kind_of(text)
        known = self._types.get(kind) if kind else None
        if known is None:
            return f'a text message is an object with "type" one of {", ".join(self._types)}'
        keys = ", ".join(("type", *known.__struct_fields__))
        said = str(error)
        if choices := _choices(known, said):
            return f'wrong "{kind}" message: {_cut(said)}, which is one of {choices}'
        return f'wrong "{kind}" message: {_cut(said)}; its keys are {keys}'


def _cut(said: str) -> str:
    """Return a complaint without the middle of what may be a very long value."""
    return said if len(said) <= 2 * PART else f"{said[:PART]} … {said[-PART:]}"


def _choices(known: type[Message], said: str) -> str:
    """Return the values that the key of a complaint has, if it has only some; otherwise nothing."""
    key = re.search(r" - at `\$\.(\w+)`$", said)
    hint = get_type_hints(known).get(key[1]) if key else None
    # A key that may be left out is `Literal[...] | None`.
    names = [
        name
        for part in (hint, *get_args(hint))
        if get_origin(part) is Literal
        for name in get_args(part)
    ]
    return ", ".join(map(str, names))


class _Kind(msgspec.Struct):
    type: str


def _kind_of(text: str) -> str | None:
    """Return the `type` of a JSON object, or None where there is none."""
    try:
        return msgspec.json.decode(text, type=_Kind).type
    except (msgspec.DecodeError, RecursionError):
        return None


_encoder = msgspec.json.Encoder()


def encode_message(message: Message) -> str:
    """Serialize a JSON message."""
    return _encoder.encode(message).decode()


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
        provisional=frame.provisional,
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
        provisional=frame.provisional,
    )
