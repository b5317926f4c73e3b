"""Wire protocol version 1, `/session`: audio in, frames out. Viewers on `/face` hear the same."""

from typing import Annotated

import msgspec
from msgspec import Meta

from facewire.wire.errors import ErrorCode, ProtocolError
from facewire.wire.messages import (
    MAX_LOOKAHEAD_MS,
    End,
    Ended,
    Error,
    Frame,
    Hello,
    Message,
    MessageDecoder,
    Open,
    Ping,
    Pong,
    SetEmotion,
    Shares,
)

SilenceMs = Annotated[float, Meta(ge=100, le=60_000)]


NOTHING_TO_CORRECT = (
    "provisional frames are corrected once their look-ahead is heard; ask for some, such as "
    "lookahead_ms 20, or for no provisional frames"
)


class OpenSession(Open, tag="open", frozen=True, kw_only=True):
    """Client: start a stream of its audio."""

    silence_ms: SilenceMs | msgspec.UnsetType | None = msgspec.UNSET
    """After so long without audio the stream goes on as if silence came; null: never."""
    provisional: bool = False
    """Whether each frame comes twice: at once, without look-ahead, and again when it was heard."""
    style: Shares | msgspec.UnsetType | None = msgspec.UNSET
    """How the face moves, as shares of the hello's `styles`; null: as is usual for the server."""

    @property
    def wanted_style(self) -> Shares | None:
        """The style, None if the client leaves it to the server."""
        return None if self.style is msgspec.UNSET else self.style

    def check(self) -> None:
        """Refuse what no server does, before an engine is asked.

        Raises:
            ProtocolError: a value is out of its range, or nothing would be corrected.
        """
        super().check()
        if self.provisional and not self.lookahead_ms:
            raise ProtocolError(NOTHING_TO_CORRECT, ErrorCode.UNSUPPORTED)


class SetLookahead(Message, tag="lookahead", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Client: how far past its timestamp a frame may listen from now on."""

    ms: Annotated[float, Meta(ge=0, le=MAX_LOOKAHEAD_MS)]


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


SessionRequest = OpenSession | End | Ping | SetLookahead | SetEmotion
SessionAnswer = Hello | LookaheadSet | Silence | Ended | Pong | Error | Frame

decode_session_request = MessageDecoder[SessionRequest](SessionRequest).request
decode_session_answer = MessageDecoder[SessionAnswer](SessionAnswer).answer
