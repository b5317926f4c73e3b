"""Which face is shown when: those that were made, in order, by when their sound is heard."""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np

from facewire.clock import SECOND, Clock
from facewire.frames import AudioChunk, BlendshapeFrame, Samples, StreamSpec
from facewire.speaking.playout_clock import PlayoutClock
from facewire.stream.timed_event import TimedEvent

STUCK_NS = 5 * SECOND
"""A face that waits so long for a sound that no transport takes is given up."""


@dataclass(frozen=True, slots=True, eq=False)
class MadeFace:
    """A face of the stream, and what is heard from it on."""

    frame: BlendshapeFrame
    audio: Samples
    """[T]; empty where nobody speaks, or nobody listens."""

    def sound(self, spec: StreamSpec) -> AudioChunk:
        """Return what is heard until the next face of the stream; where nobody speaks, silence."""
        start = self.frame.timestamp
        samples = np.zeros(spec.timestamp(self.frame.index + 1) - start, np.float32)
        count = min(len(self.audio), len(samples))
        samples[:count] = self.audio[:count]
        return AudioChunk(samples, start, spec.sample_rate)


class FaceSchedule:
    """Faces that wait to be shown. Every method is told the time in ns; nothing waits here."""

    def __init__(self, clock: PlayoutClock, may_show: Callable[[BlendshapeFrame], bool]) -> None:
        """Begin with none.

        Args:
            clock: knows when a sample of the stream is heard.
            may_show: tells whether the sound of a frame has been taken by the transport.
        """
        self._clock = clock
        self._may_show = may_show
        self._faces: deque[MadeFace] = deque()
        self.skipped = 0
        """Faces that were not shown, since the next one was due, too."""

    def __len__(self) -> int:
        return len(self._faces)

    def add(self, face: MadeFace) -> None:
        """Take the next face."""
        self._faces.append(face)

    def between(self, turn: int, start: int, end: int) -> list[BlendshapeFrame]:
        """Return the faces of a turn that wait, from sample `start` to before `end`."""
        frames = (face.frame for face in self._faces if face.frame.turn == turn)
        return [frame for frame in frames if start <= frame.timestamp < end]

    def drop_turns(self) -> None:
        """Forget the faces of speech."""
        self._faces = deque(face for face in self._faces if not face.frame.turn)

    def cut(self, index: int | None) -> None:
        """Forget the faces after a frame, whose indices come again."""
        if index is not None:
            self._faces = deque(face for face in self._faces if face.frame.index <= index)

    def take(self, now: int) -> tuple[BlendshapeFrame | None, list[MadeFace]]:
        """Return the face that is shown now, if there is a new one, and all that are due."""
        due: list[MadeFace] = []
        while self._faces and not self._clock.paused:
            frame = self._faces[0].frame
            when = self._clock.due(frame.timestamp, now)
            if when > now:
                break
            if not self._may_show(frame):
                if now - when < STUCK_NS:
                    break
                self._faces.popleft()
                continue
            due.append(self._faces.popleft())
        self.skipped += max(0, len(due) - 1)
        return (due[-1].frame if due else None), due

    def wake(self, now: int) -> int | None:
        """Return when to look again, in ns; None if something has to happen first."""
        if not self._faces or self._clock.paused:
            return None
        frame = self._faces[0].frame
        when = self._clock.due(frame.timestamp, now)
        return when if when > now or self._may_show(frame) else when + STUCK_NS


class ShownFaces:
    """Shows faces by a schedule. Used by one event loop."""

    def __init__(
        self, clock: Clock, playout: PlayoutClock, may_show: Callable[[BlendshapeFrame], bool]
    ) -> None:
        """Begin with none; the arguments are those of the schedule, and what keeps time."""
        self.schedule = FaceSchedule(playout, may_show)
        self.last = -1
        """Index of the last face that was shown."""
        self._clock = clock
        self._changed = TimedEvent(clock)

    def look(self) -> None:
        """Look at the schedule again, which has changed."""
        self._changed.set()

    async def run(self, show: Callable[[BlendshapeFrame, list[MadeFace]], Awaitable[None]]) -> None:
        """Show what is due, until it is cancelled.

        Args:
            show: shows a face; it gets all that are due, too, of which that is the last.
        """
        while True:
            now = self._clock.now()
            shown, due = self.schedule.take(now)
            if shown is None:
                await self._changed.wait(self.schedule.wake(now))
                continue
            self.last = shown.index
            await show(shown, due)
