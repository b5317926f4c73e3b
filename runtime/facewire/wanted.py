"""A stream as the settings ask for it: its session and its face."""

from facewire.clock import Clock
from facewire.engine import Engine, EngineSession
from facewire.face import Face, make_face
from facewire.frames import StreamSpec
from facewire.settings import Settings


def open_session(engine: Engine, settings: Settings, clock: Clock) -> EngineSession:
    """Open a session with the frame rate and the look-ahead of the settings.

    Raises:
        ConfigError: the engine cannot do them.
    """
    return engine.session(
        frame_rate=settings.stream.exact_frame_rate(),
        lookahead_ms=settings.stream.lookahead_ms,
        clock=clock,
    )


def open_face(spec: StreamSpec, settings: Settings, *, idle: bool = True) -> Face:
    """Return a face with the profile of the settings; it idles if they and `idle` say so."""
    wanted = idle and settings.face.idle
    return make_face(spec, settings.face, idle=wanted, seed=settings.face.seed)
