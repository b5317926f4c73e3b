"""What makes faces of audio and its times together, and engines that can."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol, runtime_checkable

from facewire.clock import Clock
from facewire.speaking.alignment.marks import MarkSpan
from facewire.stream.engine import EngineSession


class AlignedSession(EngineSession, Protocol):
    """A session that is told what is said in its audio, and when. Used by one thread at a time."""

    def align(self, spans: Sequence[MarkSpan]) -> None:
        """Learn all that is known by now, in place of what was; for faces that are not made yet.

        Args:
            spans: in order, not overlapping, in seconds after the first sample.
        """
        ...


@runtime_checkable
class AligningEngine(Protocol):
    """An engine that can use the times of speech."""

    def prepare_alignment(self, language: str) -> None:
        """Load what the words of a language need, which may take a second, once.

        Args:
            language: such as `en-us`.
        """
        ...

    def aligned_session(
        self, *, frame_rate: Fraction, language: str, clock: Clock | None = None
    ) -> AlignedSession:
        """Open a stream of one turn.

        Args:
            frame_rate: of the faces.
            language: of the words, such as `en-us`.
            clock: stamps the frames.

        Raises:
            CapacityError: there is no room for one more.
            ConfigError: the frame rate is out of range.
        """
        ...
