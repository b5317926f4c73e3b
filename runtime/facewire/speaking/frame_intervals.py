"""One frame interval of a stream: as it is planned, and as it leaves."""

from dataclasses import dataclass, replace

import numpy as np

from facewire.emotion import Emotion
from facewire.face import FaceStage
from facewire.face.easing import Easing
from facewire.frames import BlendshapeFrame, Samples, StreamSpec
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

    index: int
    timestamp: int
    turn: int
    """Its number; 0 where nobody speaks."""
    own: int
    """Samples of the turn before it."""
    frame: BlendshapeFrame
    """As it was made, until it is rendered; then as it was shown."""


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

    interval: FrameInterval
    """Its frame is as it was made."""
    past: PastFrame
    left: LeftFace | None


class FaceRenderer:
    """Makes planned frame intervals fit the character. Used by one thread at a time."""

    def __init__(self, spec: StreamSpec, face: FaceStage) -> None:
        """Render with a face stage, which is nobody else's."""
        self._spec = spec
        self._face = face
        self._rendered = 0
        self.felt: Emotion | None = None
        """What is felt where a frame does not say; None is what the face's profile says."""

    def render(self, planned: PlannedInterval) -> FrameInterval:
        """Return a frame interval as it leaves; all that were planned are rendered, in order."""
        past, left = planned.past, planned.left
        # The face has a clock of its own that never goes back, whatever is interrupted.
        timestamp = self._spec.timestamp(self._rendered)
        audio = planned.interval.audio
        self._face.hear(audio)
        silence = self._spec.timestamp(self._rendered + 1) - timestamp - len(audio)
        if silence > 0:
            self._face.hear(np.zeros(silence, np.float32))
        felt = self.felt if past.frame.emotion is None else past.frame.emotion
        faced = self._face.apply(
            replace(past.frame, index=self._rendered, timestamp=timestamp, emotion=felt)
        )
        self._rendered += 1
        frame = replace(faced, index=past.index, timestamp=past.timestamp, turn=past.turn)
        if left is not None and frame.timestamp < left.end:
            frame = Easing(left.past.frame, left.start, left.length).apply(frame)
        past.frame = frame
        return replace(planned.interval, frame=frame)
