"""One playback segment of LiveKit: what is captured between two flushes."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from facewire.clock import SECOND
from facewire_agents.faces import AgentFace, SpeechRun


@dataclass(frozen=True, slots=True, eq=False)
class HeldFrame:
    """A frame of sound that waits for its faces."""

    frame: Any
    """LiveKit's `rtc.AudioFrame`."""
    run: SpeechRun
    first: int
    """First source sample of the run."""
    last: int
    """The one after its last."""

    @property
    def duration_ns(self) -> int:
        """How long it lasts."""
        return (self.last - self.first) * SECOND // self.run.sample_rate


@dataclass(slots=True, eq=False)
class Segment:
    """A segment on its way to the sink, and when what went there is heard."""

    name: str
    run: SpeechRun
    last_sound: int
    """When its last sound came, in ns."""
    captured: int = 0
    """Samples that came."""
    flushed: bool = False
    """Whether the sink knows that it has all of it."""
    cleared: bool = False
    """Whether it was interrupted."""
    forwarded: bool = False
    """Whether the sink took some of it, so that it will say when it is over."""
    free: int | None = None
    """When the next frame is heard, in ns; None until the sink has begun to play."""
    unheard: deque[HeldFrame] = field(default_factory=deque)
    """What the sink got before it began to play."""

    def forward(self, face: AgentFace, held: HeldFrame, now: int) -> None:
        """Note that the sink gets a frame."""
        if self.free is None:
            self.unheard.append(held)
        else:
            # A sink that had nothing left goes on with what comes now.
            self._play(face, held, max(self.free, now))

    def start(self, face: AgentFace, when: int) -> None:
        """Note that the sink plays the first frame from `when` on, in ns."""
        self.free = when if self.free is None else self.free
        while self.unheard:
            self._play(face, self.unheard.popleft(), self.free)

    def delay(self, duration: int) -> None:
        """Note that the sink stood still for so many ns."""
        if self.free is not None:
            self.free += duration

    def _play(self, face: AgentFace, held: HeldFrame, when: int) -> None:
        face.play(held.run, held.first, held.last, when)
        self.free = when + held.duration_ns
