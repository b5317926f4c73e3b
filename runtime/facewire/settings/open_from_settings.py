"""A stream as the settings ask for it: its session and its face."""

import itertools
from collections.abc import Callable

from facewire.clock import Clock
from facewire.face import Face, make_face
from facewire.face.profile import Profile
from facewire.frames import StreamSpec
from facewire.settings.lookahead import lookahead_of
from facewire.settings.settings import Settings
from facewire.stream.engine import Engine, EngineSession


def open_session(
    engine: Engine, settings: Settings, clock: Clock, *, heard_directly: bool = False
) -> EngineSession:
    """Open a session with the frame rate and the look-ahead of the settings.

    Args:
        engine: makes the frames.
        settings: what was asked for.
        clock: stamps them.
        heard_directly: whether viewers hear a live speaker without delay.

    Raises:
        ConfigError: the engine cannot do them.
    """
    return engine.session(
        frame_rate=settings.stream.exact_frame_rate(),
        lookahead_ms=lookahead_of(settings.stream, heard_directly=heard_directly),
        clock=clock,
    )


def open_face(
    spec: StreamSpec,
    settings: Settings,
    *,
    idle: bool = True,
    seed: int | None = None,
    profile: Profile | None = None,
) -> Face:
    """Return a face with a profile, or that of the settings; it idles if they and `idle` say so.

    Its idle motion is that of `seed`, else that of the settings, else one of its own.
    """
    wanted = idle and settings.face.idle
    seed = settings.face.fixed_seed if seed is None else seed
    return make_face(spec, profile or settings.face, idle=wanted, seed=seed)


def face_factory(settings: Settings, first: int = 0) -> Callable[..., Face]:
    """Return what makes the faces of a server's sessions, each with an idle motion of its own.

    Where the settings have a seed, so that a run can be repeated, the sessions take it and the
    following numbers, from `first` on, in the order in which they are opened; a session that asks
    for a seed gets that one, and takes none of these.
    """
    numbers = itertools.count(first)

    def make(
        spec: StreamSpec, *, idle: bool, seed: int | None = None, profile: Profile | None = None
    ) -> Face:
        if seed is None and settings.face.fixed_seed is not None:
            seed = settings.face.fixed_seed + next(numbers)
        return open_face(spec, settings, idle=idle, seed=seed, profile=profile)

    return make
