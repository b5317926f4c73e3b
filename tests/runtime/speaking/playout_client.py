"""A playout in made-up time, and what a client that obeys interrupts keeps of it."""

from fractions import Fraction

import numpy as np

from facewire.clock import MILLISECOND, SECOND
from facewire.face import make_face
from facewire.frames import BlendshapeFrame, Samples, StreamSpec
from facewire.speaking.answers import Cut
from facewire.speaking.frame_intervals import FaceRenderer, FrameInterval
from facewire.speaking.playout import Pacing, Playout
from facewire.speaking.turn import Turn

RATE = 16_000
LEAD = 1_600
STEEPEST = 0.5
"""Of the faces below: a seam of 50 ms at 60 frames a second allows no larger step."""


def spoken(number: int, ms: int, spec: StreamSpec, *, audio: bool = True) -> Turn:
    """Return a turn that was made at once, and whose sound and faces tell its number."""
    turn = Turn(number, audio=audio)
    count = ms * RATE // 1000
    turn.hear(np.full(count, number / 10_000, np.float32))
    turn.show(face(number) for _ in range(spec.frame_count(count)))
    turn.complete()
    return turn


def face(number: int) -> BlendshapeFrame:
    weights = np.zeros(52, np.float32)
    weights[17] = 0.2 + 0.8 * (number * 0.37 % 1)
    return BlendshapeFrame(weights, 0, 0)


class PlayoutClient:
    """A playout, its time, and all that left, as a client that obeys interrupts keeps it."""

    def __init__(self, frame_rate: int | str = 60, lead: int = LEAD, *, idles: bool = True) -> None:
        self.spec = StreamSpec(RATE, Fraction(frame_rate), 0)
        self.now = 7 * SECOND
        self.playout = Playout(self.spec, Pacing(lead / RATE, idles), self.now)
        self.renderer = FaceRenderer(self.spec, make_face(self.spec, idle=False))
        self.left: list[FrameInterval] = []
        self.times: list[int] = []
        self.ended: list[int] = []

    def play(self, number: int, ms: int, *, audio: bool = True) -> Turn:
        turn = spoken(number, ms, self.spec, audio=audio)
        self.playout.add(turn)
        return turn

    def run(self, ms: float) -> None:
        """Let so much time pass, and take whatever is due when it is due."""
        until = self.now + int(ms * MILLISECOND)
        while True:
            while (shown := self.step()) is not None:
                self.left.append(shown)
                self.times.append(self.now)
                while (turn := self.playout.ended()) is not None:
                    self.ended.append(turn.number)
            wake = self.playout.wake(self.now)
            if wake is None or wake > until:
                self.now = until
                return
            assert wake > self.now, "it would be tried again at once, for ever"
            self.now = wake

    def step(self) -> FrameInterval | None:
        """Take the next frame interval if it is due."""
        planned = self.playout.plan(self.now)
        return None if planned is None else self.renderer.render(planned)

    def interrupt(self, number: int, at_ms: float | None = None) -> Cut | None:
        cut = self.playout.interrupt(number, at_ms, self.now)
        if cut is not None:
            last = self.playout.sent if cut.frame is None else cut.frame
            kept = [shown for shown in self.left if shown.frame.index <= last]
            self.times = self.times[: len(kept)]
            self.left = kept
        return cut

    @property
    def turns(self) -> list[int]:
        return [shown.frame.turn for shown in self.left]

    @property
    def jaw(self) -> np.ndarray:
        return np.array([shown.frame.weights[17] for shown in self.left])

    def sound(self, number: int) -> Samples:
        runs = [shown.audio for shown in self.left if shown.frame.turn == number]
        return np.concatenate(runs) if runs else np.zeros(0, np.float32)

    def check_continuity(self) -> None:
        """Every frame stands at its place, none is missing, and the face never jumps."""
        indices = [shown.frame.index for shown in self.left]
        assert indices == list(range(len(indices)))
        for shown in self.left:
            assert shown.frame.timestamp == self.spec.timestamp(shown.frame.index)
        if len(self.jaw) > 1:
            assert np.abs(np.diff(self.jaw)).max() <= STEEPEST
