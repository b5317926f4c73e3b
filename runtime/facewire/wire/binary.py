"""Wire protocol version 1, binary part: bytes to values and back. No sockets (docs/protocol.md).

Everything is little-endian. Three kinds of message: audio (either direction), frames (to clients),
and speech tokens (from clients that have a TTS).
"""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.audio.format import Encoding
from facewire.clock import MICROSECOND
from facewire.frames import BlendshapeFrame, Weights
from facewire.wire.errors import ErrorCode, ProtocolError

VERSION = 1
"""Version of the protocol, in every message."""

MAX_MESSAGE_BYTES = 1 << 20
"""A longer message from a client closes its connection with code 1009."""

AUDIO_KIND = 0x41
FRAME_KIND = 0x46
PROVISIONAL_KIND = 0x50
"""A frame that another one of the same index corrects later; only for clients that ask."""
TOKENS_KIND = 0x54

_AUDIO = _TOKENS = struct.Struct("<BBHIq")
_FRAME = struct.Struct("<BBHIIqq5I4f")
_UINT32_MAX = 0xFFFF_FFFF

AUDIO_HEADER_BYTES = TOKENS_HEADER_BYTES = _AUDIO.size
FRAME_BYTES = _FRAME.size + 4 * arkit.COUNT


@dataclass(frozen=True, slots=True)
class AudioMessage:
    """A run of PCM as it travels; the stream's `open` says what the bytes mean."""

    pcm: bytes
    start: int
    """Index of the first sample of each channel, at the sender's declared rate."""
    turn: int = 0
    """Which utterance of the stream."""


@dataclass(frozen=True, slots=True, eq=False)
class TokensMessage:
    """A run of speech tokens as it travels; the stream's `open` names their space."""

    tokens: NDArray[np.uint32]
    """Ids, [T]."""
    first: int
    """Position of the first of them in the turn."""
    turn: int


@dataclass(frozen=True, slots=True)
class StageDurations:
    """Microseconds that a frame spent in each stage, 0 if unknown.

    A stage without a stamp is counted in the next one that has one, so that `captured` plus the
    sum is the time when the frame was sent.
    """

    queue: int = 0
    """From the arrival of the last sample that the frame needed, until the engine took it."""
    encode: int = 0
    decode: int = 0
    face: int = 0
    send: int = 0
    """From the face stage until the frame was given to the socket."""

    @property
    def total(self) -> int:
        """From captured to sent."""
        return self.queue + self.encode + self.decode + self.face + self.send


@dataclass(frozen=True, slots=True, eq=False)
class WireFrame:
    """One face as it travels."""

    weights: Weights
    """[52], in the order of the hello's names."""
    index: int
    timestamp: int
    """The sample that this face belongs to, at the hello's sample rate."""
    turn: int = 0
    captured_ns: int = 0
    """The server's monotonic time when the last sample that the frame needed arrived; or 0."""
    stages: StageDurations = StageDurations()
    speech: float = 1.0
    head: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Yaw, pitch and roll in radians."""
    provisional: bool = False
    """Whether a frame of the same index, which has heard its look-ahead, corrects it later."""

    @property
    def by_name(self) -> dict[str, float]:
        """The weights by their ARKit names."""
        return dict(zip(arkit.NAMES, self.weights.tolist(), strict=True))


def wire_frame(frame: BlendshapeFrame, sent: int) -> WireFrame:
    """Turn a frame into what travels, with stage durations up to `sent` (ns, the stamps' clock)."""
    return WireFrame(
        weights=frame.weights,
        index=frame.index,
        timestamp=frame.timestamp,
        turn=frame.turn,
        captured_ns=frame.stamps.captured,
        stages=_stage_durations(frame, sent),
        speech=frame.speech,
        head=frame.head,
        provisional=frame.provisional,
    )


def _stage_durations(frame: BlendshapeFrame, sent: int) -> StageDurations:
    stamps = frame.stamps
    durations = []
    last = stamps.captured
    for stamp in (stamps.started, stamps.encoded, stamps.decoded, stamps.faced, sent):
        known = stamp if last and stamp > last else last
        # Whole microseconds since the start are subtracted, so that rounding does not add up.
        since = (known - stamps.captured) // MICROSECOND - (last - stamps.captured) // MICROSECOND
        durations.append(min(since, _UINT32_MAX))
        last = known
    return StageDurations(*durations)


def encode_frame(frame: WireFrame) -> bytes:
    """Serialize a frame to 272 bytes."""
    stages = frame.stages
    kind = PROVISIONAL_KIND if frame.provisional else FRAME_KIND
    header = _FRAME.pack(
        kind, VERSION, 0, frame.turn, frame.index, frame.timestamp, frame.captured_ns,
        stages.queue, stages.encode, stages.decode, stages.face, stages.send,
        frame.speech, *frame.head,
    )  # fmt: skip
    return header + frame.weights.astype("<f4", copy=False).tobytes()


def decode_frame(data: bytes) -> WireFrame:
    """Parse a binary frame, provisional or not.

    Raises:
        ProtocolError: not a frame of this version.
    """
    provisional = data[:1] == bytes([PROVISIONAL_KIND])
    _check_kind(data, PROVISIONAL_KIND if provisional else FRAME_KIND, "frame")
    if len(data) != FRAME_BYTES:
        raise ProtocolError(f"a frame has {FRAME_BYTES} bytes, not {len(data)}")
    _, _, _, turn, index, timestamp, captured, *rest = _FRAME.unpack_from(data)
    return WireFrame(
        weights=np.frombuffer(data, "<f4", offset=_FRAME.size).astype(np.float32, copy=False),
        index=index,
        timestamp=timestamp,
        turn=turn,
        captured_ns=captured,
        stages=StageDurations(*rest[:5]),
        speech=rest[5],
        head=(rest[6], rest[7], rest[8]),
        provisional=provisional,
    )


def encode_audio(message: AudioMessage) -> bytes:
    """Serialize audio: a header of 16 bytes, then the PCM."""
    return _AUDIO.pack(AUDIO_KIND, VERSION, 0, message.turn, message.start) + message.pcm


def decode_audio(data: bytes) -> AudioMessage:
    """Parse an audio message; the PCM is not looked at.

    Raises:
        ProtocolError: not an audio message of this version.
    """
    _check_kind(data, AUDIO_KIND, "audio")
    if len(data) < AUDIO_HEADER_BYTES:
        raise ProtocolError(
            f"an audio message starts with {AUDIO_HEADER_BYTES} bytes of header, not {len(data)}"
        )
    _, _, _, turn, start = _AUDIO.unpack_from(data)
    if start < 0:
        raise ProtocolError(f"audio starts at sample 0 or later, not at {start}")
    return AudioMessage(data[AUDIO_HEADER_BYTES:], start, turn)


def encode_tokens(message: TokensMessage) -> bytes:
    """Serialize tokens: a header of 16 bytes, then four bytes for each."""
    header = _TOKENS.pack(TOKENS_KIND, VERSION, 0, message.turn, message.first)
    return header + message.tokens.astype("<u4").tobytes()


def decode_tokens(data: bytes) -> TokensMessage:
    """Parse a message of tokens.

    Raises:
        ProtocolError: not such a message of this version.
    """
    _check_kind(data, TOKENS_KIND, "tokens")
    if len(data) < TOKENS_HEADER_BYTES or (len(data) - TOKENS_HEADER_BYTES) % 4:
        raise ProtocolError(
            f"tokens are {TOKENS_HEADER_BYTES} bytes of header and 4 bytes each, not {len(data)}"
        )
    _, _, _, turn, first = _TOKENS.unpack_from(data)
    if first < 0:
        raise ProtocolError(f"tokens start at 0 or later, not at {first}")
    return TokensMessage(np.frombuffer(data, "<u4", offset=TOKENS_HEADER_BYTES), first, turn)


def _check_kind(data: bytes, kind: int, what: str) -> None:
    """Refuse a binary message that does not begin as one of this kind and version does.

    Raises:
        ProtocolError: it does not.
    """
    if not data or data[0] != kind:
        found = f"0x{data[0]:02x}" if data else "nothing"
        raise ProtocolError(f"the first byte of {what} is 0x{kind:02x}, not {found}")
    if len(data) < 4:
        raise ProtocolError(f"a message of {len(data)} bytes is too short to be {what}")
    if data[1] != VERSION:
        raise ProtocolError(
            f"this side speaks version {VERSION} of the protocol, not {data[1]}",
            ErrorCode.UNSUPPORTED,
        )
    if data[2:4] != b"\0\0":
        raise ProtocolError(f"the flags of {what} are 0 in version {VERSION}")


def encode_samples(samples: NDArray[Any], encoding: Encoding) -> bytes:
    """Write `[T]` or `[T, C]` samples, float in [-1, 1] or int16, as interleaved PCM.

    What is not a number becomes silence in 16 bits, and what is louder than full scale is clipped.

    Raises:
        ValueError: the samples are of another type.
    """
    if samples.dtype != np.int16 and not np.issubdtype(samples.dtype, np.floating):
        raise ValueError(f"samples are float or int16, not {samples.dtype}")
    if encoding is Encoding.F32LE:
        scale = 1 / 32_768 if samples.dtype == np.int16 else 1
        return (samples.astype(np.float32) * np.float32(scale)).astype("<f4").tobytes()
    if samples.dtype == np.int16:
        return samples.astype("<i2", copy=False).tobytes()
    full_scale = np.nan_to_num(np.clip(samples.astype(np.float32), -1, 1)) * np.float32(32_768)
    integers: NDArray[np.int16] = np.clip(np.rint(full_scale), -32_768, 32_767).astype("<i2")
    return integers.tobytes()
