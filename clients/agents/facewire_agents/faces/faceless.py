"""What stands in for a stream of faces where none can be made: the agent speaks on without."""

import asyncio
from collections.abc import Callable

from facewire.frames import Samples, StreamSpec
from facewire.wire.speak import TurnBegins, TurnEnds
from facewire_agents.faces.face_stream import FaceEvent


class FacelessStream:
    """Makes no faces. It says where turns lie, so that what is heard of them is known."""

    engine_name = ""

    def __init__(
        self, take: Callable[[FaceEvent], None], spec: StreamSpec, sample: int = 0
    ) -> None:
        """Begin at a sample of the stream; what happens to turns is told at once."""
        self.spec = spec
        self._take = take
        self._next = sample
        self._turn = 0
        """The one that takes more; 0 for none."""

    def begin(self, turn: int) -> None:
        """Begin a turn, behind those before it."""
        self._turn = turn
        self._take(TurnBegins(turn=turn, sample=self._next, at=0))

    def push(self, turn: int, samples: Samples) -> None:
        """Take the next samples of a turn, at the rate of the stream."""
        if turn == self._turn:
            self._next += len(samples)

    def align(self, turn: int, word: str, start_s: float) -> None:
        """Need no words."""

    def end(self, turn: int) -> None:
        """Take no more of a turn."""
        if turn == self._turn:
            self._turn = 0
            self._take(TurnEnds(turn=turn, sample=None, frames=0, face_lead_ms=None))

    def interrupt(self, turn: int, at_ms: float) -> None:
        """Stop a turn, and those behind it."""
        self._turn = 0

    def set_playout(self, sample: int, when: int) -> None:
        """Need no time."""

    def pause(self) -> None:
        """Need no time."""

    def resume(self) -> None:
        """Need no time."""

    async def run(self, take: Callable[[FaceEvent], None]) -> None:
        """Return at once: nothing comes by itself."""
        await asyncio.sleep(0)

    async def aclose(self) -> None:
        """Hold nothing."""
