"""What all clients of a server share: its engine, its limits, its time."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import msgspec

from facewire import __version__
from facewire.clock import Clock
from facewire.face import FaceStage
from facewire.face.profile import Profile
from facewire.frames import StreamSpec
from facewire.server.slots import SessionSlots
from facewire.server.sockets.loop_share import LoopShare
from facewire.settings.limits import Limits
from facewire.speaking.voice import TokenDecoder
from facewire.stream.engine import Engine, styles_of
from facewire.stream.threads import ServerThreads
from facewire.wire.messages import FrameFormat, Hello

AnyHello = TypeVar("AnyHello", bound=Hello)


class FaceFactory(Protocol):
    """Makes the face stage of a stream; `idle` adds blinks and small motion."""

    def __call__(
        self, spec: StreamSpec, *, idle: bool, seed: int | None, profile: Profile = ...
    ) -> FaceStage:
        """Return a face of its own for one stream; the same seed moves the same way.

        A profile takes the place of the server's.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ServerContext:
    """Made once, and given to everybody who serves a client."""

    engine: Engine
    """What streams run on."""
    make_face: FaceFactory
    slots: SessionSlots
    """Places for clients' streams."""
    clock: Clock
    limits: Limits
    threads: ServerThreads
    voices: Sequence[str] = ()
    """Of this machine, which clients of `/speak` may name; the first is for who names none."""
    decoders: Sequence[TokenDecoder] = ()
    """Of tokens that clients of `/speak` may push, besides the engine's."""
    share: LoopShare = field(default_factory=LoopShare)
    """What greedy clients have of the event loop, whatever they speak."""

    def hello(
        self, kind: type[AnyHello], spec: StreamSpec, fmt: FrameFormat, **more: Any
    ) -> AnyHello:
        """Return what the frames of a stream mean; `more` is what another hello says besides."""
        said = {
            "software": f"facewire {__version__}",
            "engine": self.engine.name,
            "session": secrets.token_hex(8),
            "names": spec.names,
            "frame_rate": spec.frame_rate.as_integer_ratio(),
            "sample_rate": spec.sample_rate,
            "lookahead": spec.lookahead,
            "hop": self.engine.hop,
            "format": fmt,
            "clock_ns": self.clock.now(),
            "styles": styles_of(self.engine) or msgspec.UNSET,
        }
        return kind(**{**said, **more})
