"""Where faces are made: in this process, or by a server. Both look the same from here."""

from collections.abc import Callable
from typing import Protocol

from facewire.frames import Samples, StreamSpec
from facewire.wire.speak import Interrupted, NotInterrupted, Problem, TurnBegins, TurnEnds
from facewire_agents.faces.schedule import MadeFace

FaceEvent = MadeFace | TurnBegins | TurnEnds | Interrupted | NotInterrupted | Problem
"""What comes of a stream, in order; samples count at its spec's rate."""

LEAD_S = 5.0
"""How long before they are heard faces come, if they are made by then."""


class FaceStream(Protocol):
    """Makes faces of turns of speech. What is asked for is noted at once."""

    @property
    def spec(self) -> StreamSpec:
        """The clock and the frame rate of the stream."""
        ...

    @property
    def engine_name(self) -> str:
        """What makes the faces."""
        ...

    def begin(self, turn: int) -> None:
        """Begin a turn, behind those before it."""
        ...

    def push(self, turn: int, samples: Samples) -> None:
        """Take the next samples of a turn, at the rate of the stream."""
        ...

    def align(self, turn: int, word: str, start_s: float) -> None:
        """Learn when a word of a turn begins, where the options want to know."""
        ...

    def end(self, turn: int) -> None:
        """Take no more of a turn."""
        ...

    def interrupt(self, turn: int, at_ms: float) -> None:
        """Stop a turn, heard for so long, and those behind it."""
        ...

    def set_playout(self, sample: int, when: int) -> None:
        """Learn that a sample of the stream is heard at a time of this machine, in ns."""
        ...

    def pause(self) -> None:
        """Stand still."""
        ...

    def resume(self) -> None:
        """Go on."""
        ...

    async def run(self, take: Callable[[FaceEvent], None]) -> None:
        """Hand over what comes, until it is cancelled.

        Raises:
            FacewireError: no more faces can be made.
        """
        ...

    async def aclose(self) -> None:
        """Give back what it holds."""
        ...
