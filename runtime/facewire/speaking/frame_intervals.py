"""One frame interval of a stream: as it is planned, and as it leaves."""

from dataclasses import dataclass, replace

from facewire.face import FaceStage
from facewire.face.easing import Easing
from facewire.frames import BlendshapeFrame, Samples
from facewire.speaking.turn import Turn
from facewire.speaking.voice import Span


@dataclass(frozen=True, slots=True, eq=False)
class FrameInterval:
    """One frame interval that leaves."""

    frame: BlendshapeFrame
    """As the character shows it, on the stream's clock; its turn is 0 where nobody speaks."""
    audio: Samples
    """What is heard from the frame's timestamp on; may be empty."""
    words: tuple[Span, ...]
    """Words that begin here or soon, on the stream's clock."""
    turn: Turn | None
    """Whose it is."""
    begins: bool
    """Whether the turn begins here, or goes on after it had to wait."""
    own: int
    """How many samples of its own the turn had played before."""


@dataclass(slots=True, eq=False)
class PastFrame:
    """A frame that has left: what an interrupt may go back to."""

    frame: BlendshapeFrame
    """As it was made, until it is rendered; its index, timestamp and turn stay."""
    own: int


@dataclass(frozen=True, slots=True, eq=False)
class LeftFace:
    """A face that is left behind within a time."""

    past: PastFrame
    start: int
    length: int

    @property
    def end(self) -> int:
        """The first sample at which nothing is left of it."""
        return self.start + self.length


@dataclass(frozen=True, slots=True, eq=False)
class PlannedInterval:
    """One frame interval that is to leave, whose face is not rendered."""

    raw: BlendshapeFrame
    """What the face stage gets, on its own clock."""
    past: PastFrame
    left: LeftFace | None
    audio: Samples
    words: tuple[Span, ...]
    turn: Turn | None
    begins: bool
    own: int

    @property
    def sample(self) -> int:
        """Its place in the stream."""
        return self.past.frame.timestamp


class FaceRenderer:
    """Makes planned frame intervals fit the character. Used by one thread at a time."""

    def __init__(self, face: FaceStage) -> None:
        """Render with a face stage, which is nobody else's."""
        self._face = face

    def render(self, planned: PlannedInterval) -> FrameInterval:
        """Return a frame interval as it leaves; all that were planned are rendered, in order."""
        past = planned.past
        faced = self._face.apply(planned.raw)
        bare = past.frame
        placed = replace(faced, index=bare.index, timestamp=bare.timestamp, turn=bare.turn)
        left = planned.left
        if left is not None and placed.timestamp < left.end:
            placed = Easing(left.past.frame, left.start, left.length).apply(placed)
        past.frame = placed
        return FrameInterval(
            placed, planned.audio, planned.words, planned.turn, planned.begins, planned.own
        )
