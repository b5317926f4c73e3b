"""What an engine is: a shared, immutable model, and sessions that remember one stream each."""

from fractions import Fraction
from typing import Protocol, runtime_checkable

from facewire.clock import Clock
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
