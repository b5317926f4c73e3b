"""The end of a chain of LiveKit's audio outputs: plays by the clock, and remembers when what."""

from dataclasses import dataclass

from livekit import rtc

from facewire.clock import Clock
from facewire_agents.livekit import PageOutput


@dataclass(frozen=True)
class Played:
    """A frame of sound, and when the sink began to play it."""

    when: int
    frame: rtc.AudioFrame

    @property
    def samples(self) -> int:
        return int(self.frame.samples_per_channel)

    @property
    def sample_rate(self) -> int:
        return int(self.frame.sample_rate)


class ClockSink(PageOutput):
    """Plays what it captured, one frame after the other."""

    def __init__(self, clock: Clock, sample_rate: int | None = None) -> None:
        super().__init__(clock=clock, sample_rate=sample_rate)
        self.played: list[Played] = []
        self.finished: list[tuple[float, bool]] = []
        self.on("playback_finished", self._note)

    def begin(self, frame: rtc.AudioFrame, when: int) -> None:
        self.played.append(Played(when, frame))

    def _note(self, event: object) -> None:
        position, interrupted = event.playback_position, event.interrupted  # type: ignore[attr-defined]
        self.finished.append((position, interrupted))
