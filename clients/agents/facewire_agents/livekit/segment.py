# pyright: reportMissingImports=false
"""One playback segment of LiveKit: what is captured between two flushes."""

import logging
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from livekit import rtc

from facewire.clock import SECOND
from facewire.errors import ConfigError
from facewire_agents.faces import AgentFace, Heard, SpeechRun
from facewire_agents.faces.heard import heard_of

logger = logging.getLogger(__name__)

PIECE_S = 0.05
"""Of sound goes on at once: as soon as its faces are there."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldFrame:
    """A frame of sound that waits for its faces."""

    frame: rtc.AudioFrame
    segment: "Segment"
    run: SpeechRun | None
    """Has its faces; None if it can have none."""
    first: int
    """First source sample of the run."""
    last: int
    """The one after its last."""

    @property
    def duration_ns(self) -> int:
        """How long it lasts."""
        return (self.last - self.first) * SECOND // int(self.frame.sample_rate)


@dataclass(slots=True, eq=False)
class Segment:
    """A segment on its way to the sink, and when what went there is heard."""

    name: str
    sample_rate: int
    """Hz, of its newest sound."""
    channels: int
    last_sound: int
    """When its last sound came, in ns."""
    run: SpeechRun | None = None
    """Its newest; None if its sound can have no face."""
    captured: int = 0
    """Samples that came, at the rate of the newest."""
    flushed: bool = False
    """Whether the sink knows that it has all of it."""
    cleared: bool = False
    """Whether it was interrupted."""
    offered: int | None = None
    """When the sink was offered its first sound, in ns."""
    forwarded: bool = False
    """Whether the sink took some of it, so that it will say when it is over."""
    refused: bool = False
    """Whether the sink failed to take some of it, which has been logged."""
    free: int | None = None
    """When the next frame is heard, in ns; None until the sink has begun to play."""
    unheard: deque[HeldFrame] = field(default_factory=deque)
    """What the sink got before it began to play."""

    def find_run(self, face: AgentFace, frame: rtc.AudioFrame) -> SpeechRun | None:
        """Return the run of its next frame; None, and say so, if it can have no face."""
        rate, channels = int(frame.sample_rate), int(frame.num_channels)
        goes_on = self.captured > 0 and (rate, channels) == (self.sample_rate, self.channels)
        if goes_on and (self.run is None or not self.run.ended):
            return self.run
        # It begins, the TTS had paused, or the sound has changed its kind.
        before = self.run
        if before is not None:
            face.runs.end(before)
        self.captured = self.captured * rate // self.sample_rate
        self.sample_rate, self.channels, self.run = rate, channels, None
        try:
            self.run = face.runs.begin(
                self.name, rate, channels, offset=self.captured, after=before
            )
        except ConfigError as error:
            logger.error("this speech has no face: %s", error)
        return self.run

    def cut(self, frame: rtc.AudioFrame) -> Iterator[HeldFrame]:
        """Take a frame, and return pieces of it that go on one by one."""
        size = max(1, int(frame.sample_rate * PIECE_S))
        width = 2 * frame.num_channels
        pcm = bytes(frame.data)
        for begin in range(0, frame.samples_per_channel, size):
            data = pcm[begin * width : (begin + size) * width]
            count = len(data) // width
            piece = rtc.AudioFrame(data, frame.sample_rate, frame.num_channels, count)
            if not begin:
                piece.userdata.update(frame.userdata)
            first = self.captured - (self.run.offset if self.run is not None else 0)
            self.captured += count
            yield HeldFrame(piece, self, self.run, first, first + count)

    def heard(self, position: float) -> Heard:
        """Return what was heard of it, up to a second of it."""
        count = min(round(position * self.sample_rate), self.captured)
        run, words = self.run, list[str]()
        if run is not None:
            words = run.words_before(run.position(count) - run.position(run.offset))
        return heard_of(self.name, count - 1 if count else None, self.sample_rate, words)

    def forward(self, face: AgentFace, held: HeldFrame, now: int) -> None:
        """Note that the sink took a frame."""
        if self.free is None:
            self.unheard.append(held)
        elif not self.forwarded:
            # A sink may say that it plays a frame before it says that it has it.
            self._play(face, held, self.free)
        else:
            # A sink that had nothing left goes on with what comes now.
            self._play(face, held, max(self.free, now))
        self.forwarded = True

    def start(self, face: AgentFace, when: int) -> None:
        """Note that the sink plays the first frame from `when` on, in ns."""
        self.free = when if self.free is None else self.free
        while self.unheard:
            self._play(face, self.unheard.popleft(), self.free)

    def lose_rest(self, face: AgentFace) -> None:
        """Note that nothing more of it will be heard."""
        run = self.run
        if run is not None and run.played < run.position(run.pushed):
            face.lose(run)

    def delay(self, duration: int) -> None:
        """Note that the sink stood still for so many ns."""
        if self.free is not None:
            self.free += duration

    def _play(self, face: AgentFace, held: HeldFrame, when: int) -> None:
        if held.run is not None:
            face.play(held.run, held.first, held.last, when)
        self.free = when + held.duration_ns
