"""What an engine is: a shared, immutable model, and sessions that remember one stream each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, runtime_checkable

from facewire.clock import Clock
from facewire.errors import ConfigError
from facewire.frames import AudioChunk, BlendshapeFrame, StreamSpec


class EngineSession(Protocol):
    """All that is remembered about one audio stream. Used by one thread at a time.

    Whoever opens it closes it, in a `finally`: others may be waiting for its place.
    """

    @property
    def spec(self) -> StreamSpec:
        """The geometry of the stream."""
        ...

    def push(self, chunk: AudioChunk) -> list[BlendshapeFrame]:
        """Take the next samples and return the frames that they complete.

        Raises:
            ValueError: the chunk does not start where the last one ended, or has another rate, or
                the stream has ended.
        """
        ...

    def flush(self) -> list[BlendshapeFrame]:
        """End the stream and return its last frames, as if silence followed; none if it ended."""
        ...

    def close(self) -> None:
        """End the stream without its last frames, and give back what it holds.

        Twice is once, and flushing before or after it is fine. It may come from any thread, also
        while a push or a flush works, which then returns early. A push after it is refused.
        """
        ...


@runtime_checkable
class TunableSession(EngineSession, Protocol):
    """A session whose look-ahead can be changed while it runs."""

    def set_lookahead(self, lookahead_ms: float) -> int:
        """Let frames listen further ahead, or less far, from now on.

        Frames stay consecutive. With less, those that waited for more come with the next push;
        with more, the next ones wait for it.

        Returns:
            Index of the first frame for which it holds exactly.

        Raises:
            ConfigError: it is out of range.
        """
        ...


@runtime_checkable
class PatientSession(EngineSession, Protocol):
    """A session that shares runs with others, and may let them go first."""

    patient: bool
    """Whether those in a hurry go first from now on."""


class Engine(Protocol):
    """A loaded model. Immutable, and shared by every session."""

    @property
    def name(self) -> str:
        """What the model is called on the command line."""
        ...

    @property
    def sample_rate(self) -> int:
        """The rate of audio that sessions take, in Hz."""
        ...

    @property
    def hop(self) -> int:
        """Samples between two steps of the encoder."""
        ...

    def session(
        self,
        *,
        frame_rate: Fraction = Fraction(60),
        lookahead_ms: float = 80.0,
        clock: Clock | None = None,
    ) -> EngineSession:
        """Open a stream; with a clock, its frames carry stage stamps.

        Raises:
            CapacityError: there is no place for one more.
            ConfigError: the model cannot do this frame rate or look-ahead.
        """
        ...


@runtime_checkable
class StyledEngine(Engine, Protocol):
    """An engine whose model may know several ways of moving."""

    @property
    def styles(self) -> tuple[str, ...]:
        """What they are called; none where the model knows one only."""
        ...

    def session(
        self,
        *,
        frame_rate: Fraction = Fraction(60),
        lookahead_ms: float = 80.0,
        clock: Clock | None = None,
        style: Mapping[str, float] | None = None,
    ) -> EngineSession:
        """Open a stream that moves in a style.

        Args:
            frame_rate: of its frames.
            lookahead_ms: how far past each frame is heard.
            clock: stamps the frames.
            style: shares of `styles`, such as `{"grid": 0.3}`; the first of them has what these
                leave. None: what is usual for the engine.

        Raises:
            CapacityError: there is no place for one more.
            ConfigError: the model cannot do this frame rate or look-ahead, or has no such style.
        """
        ...

    def in_style(self, style: Mapping[str, float]) -> "StyledEngine":
        """Return the same engine, for which a style is usual.

        Raises:
            ConfigError: the model has no such style.
        """
        ...


def styles_of(engine: Engine) -> tuple[str, ...]:
    """Return the styles that sessions of an engine may ask for."""
    return engine.styles if isinstance(engine, StyledEngine) else ()


def styled(engine: Engine) -> StyledEngine:
    """Return an engine as one that has styles.

    Raises:
        ConfigError: it has none.
    """
    if isinstance(engine, StyledEngine) and engine.styles:
        return engine
    raise ConfigError(
        f"the engine {engine.name} has no styles; leave the style out, or load a model with some"
    )


def open_in_style(
    engine: Engine,
    style: Mapping[str, float] | None,
    *,
    frame_rate: Fraction,
    lookahead_ms: float,
    clock: Clock,
) -> EngineSession:
    """Open a stream of any engine; None is the style that is usual for it.

    Raises:
        CapacityError: there is no place for one more.
        ConfigError: the engine cannot do this, or has no such style.
    """
    if style is None:
        return engine.session(frame_rate=frame_rate, lookahead_ms=lookahead_ms, clock=clock)
    return styled(engine).session(
        frame_rate=frame_rate, lookahead_ms=lookahead_ms, clock=clock, style=style
    )


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """What the function of an entry point in `facewire.engines` gets, to load an engine."""

    name: str
    """The engine's, as its entry point is called."""
    argument: str = ""
    """What the user wrote after `NAME:`, such as a folder."""
    sessions: int = 1
    """How many will be open at once."""
    backend: str = "onnx"
    """What shall run it, such as `tensorrt:fp16`, or `auto`; for engines that have a choice."""
    named_backend: bool = False
    """Whether it is written as `NAME@BACKEND`, for this engine alone."""
    tell: Callable[[str], None] = lambda line: None
    """Takes a line for the user, such as what was chosen."""

    def refuse_argument(self) -> None:
        """Refuse `NAME:ARGUMENT`, for an engine that takes none.

        Raises:
            ConfigError: there is one.
        """
        if self.argument:
            raise ConfigError(
                f"there is no engine '{self.name}:{self.argument}'; write {self.name} alone"
            )

    def refuse_backend(self) -> None:
        """Refuse `NAME@BACKEND`, for an engine without models.

        Raises:
            ConfigError: there is one.
        """
        if self.named_backend:
            raise ConfigError(f"the engine {self.name} has no model that a back-end could run")
