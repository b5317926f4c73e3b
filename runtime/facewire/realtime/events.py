"""The events of a realtime session that concern a face, and those that are added for it.

Shapes: OpenAI's reference of Realtime client and server events, the released ones
(`response.output_audio.delta`) and those of the beta (`response.audio.delta`).
"""

from typing import Any, Literal

import msgspec

from facewire import arkit

AUDIO_DELTA = frozenset(("response.output_audio.delta", "response.audio.delta"))
AUDIO_DONE = frozenset(("response.output_audio.done", "response.audio.done"))
SESSION = frozenset(("session.created", "session.updated"))

RestReason = Literal["truncated", "cancelled", "speech_started", "failed"]


class RealtimeEvent(msgspec.Struct, frozen=True):
    """What is read of an event of either side; what an event lacks is None."""

    type: str
    response_id: str | None = None
    item_id: str | None = None
    output_index: int | None = None
    content_index: int | None = None
    delta: Any = None
    """Base64, of audio."""
    audio_end_ms: float | None = None
    session: Any = None
    response: Any = None


_decoder = msgspec.json.Decoder(RealtimeEvent)


def read_event(message: str | bytes) -> RealtimeEvent | None:
    """Return what an event says; None is something else, which concerns no face."""
    try:
        return _decoder.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


class FaceEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """An event about the face of one part of an item, whose samples are counted from its start."""

    event_id: str
    response_id: str
    item_id: str
    content_index: int


class FaceStarted(FaceEvent, tag="facewire.face.started", frozen=True, kw_only=True):
    """The item has a face; what its frames mean."""

    output_index: int
    sample_rate: int
    """Hz of the item's audio, and of every sample that these events name."""
    frame_rate: tuple[int, int]
    """Numerator and denominator: frame k belongs to second k * denominator / numerator."""
    lookahead_ms: float
    """How much audio after its own a frame has heard."""
    names: tuple[str, ...] = arkit.NAMES


class FaceFrame(msgspec.Struct, frozen=True):
    """One face."""

    weights: list[float]
    """In the order of the names, 0 to 1."""
    head: tuple[float, float, float]
    """Yaw, pitch and roll in radians."""
    speech: float
    """How sure the engine is that someone speaks, 0 to 1."""


class FaceDelta(FaceEvent, tag="facewire.face.delta", frozen=True, kw_only=True):
    """The next frames."""

    first_frame: int
    """Index of the first of them; they have no gaps."""
    start_sample: int
    """The sample of the item's audio that the first of them belongs to."""
    start_ms: float
    frames: list[FaceFrame]


class FaceDone(FaceEvent, tag="facewire.face.done", frozen=True, kw_only=True):
    """All frames of the item came."""

    frame_count: int
    samples: int
    ms: float


class FaceRest(FaceEvent, tag="facewire.face.rest", frozen=True, kw_only=True):
    """The face of the item ends early: its frames after this are not to be shown."""

    reason: RestReason
    end_sample: int
    """The first sample that is not heard any more."""
    end_ms: float
    end_frame: int | None
    """Index of the last frame before that; None if there is none."""
    estimated: bool
    """Whether that is what the clock says, for an app that plays audio as it comes; a
    `conversation.item.truncate` says it exactly."""
    message: str = ""
    """Why there is no face, if it failed."""


_encoder = msgspec.json.Encoder()


def encode_event(event: FaceEvent) -> str:
    """Write an event as the JSON text that goes between a realtime session's own."""
    return _encoder.encode(event).decode()
