"""When each frame of a stream leaves, and where an interrupt cuts. No sockets, no tasks.

It lays turns on the one clock of a stream: `plan` says what is to leave now, and `interrupt` what
was heard of a turn that is cut off, and where the stream goes on.

What leaves is only planned here, which is quick and follows the clock; it is rendered then
(`frame_intervals.py`): the face stage and the easing, which cost more, may run in another thread.

Time goes by frame intervals. While nobody speaks the face rests, and lives; a turn leaves `lead`
samples before it is heard, as far as it is made. An interrupt takes the clock of the stream back to
what was really heard: what had left beyond that is void, and the stream goes on from there.
"""

from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from facewire.clock import SECOND
from facewire.frames import BlendshapeFrame, Samples, StreamSpec
from facewire.speaking.answers import Cut
from facewire.speaking.frame_intervals import FrameInterval, LeftFace, PastFrame, PlannedInterval
from facewire.speaking.playout_clock import PlayoutClock
from facewire.speaking.turn import AT_REST, Turn, TurnState

HEAD_START_S = 0.02
"""Between the first face of a turn and its first sound, so that no face is late."""

EASE_S = 0.12
"""From a face that was cut off, or whose turn is over, to whatever comes then."""

SEAM_S = 0.05
"""From the face before a turn to the turn: closures at its beginning must not be blunted."""

MEMORY_S = 2
"""How far before what is heard now an interrupt may name a moment and find its face."""

NO_SAMPLES: Samples = np.zeros(0, np.float32)

FURTHEST_S = 10
"""What is heard is known to within this, or somebody is mistaken."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """When what is made leaves; the default is for a client that plays it in real time."""

    lead_s: float
    """How long before it is heard; no less than the head start."""
    idles: bool = True
    """Whether faces go on while nobody speaks."""
    begins: bool = True
    """Whether the stream begins at once, or else with its first speech."""
    pausing_s: float = 1e6
    """With less of a turn waiting to leave, a text that has paused is taken to end with silence."""
    head_start_s: float = HEAD_START_S
    """Between the first face of a turn and its first sound: more where sound has far to go."""


class Playout:
    """One stream of turns. Every method is told the time in ns. Used by one thread."""

    def __init__(self, spec: StreamSpec, pacing: Pacing, now: int) -> None:
        """Begin at sample 0, which is heard after a head start.

        Args:
            spec: the clock and the frame rate of the stream.
            pacing: when what is made leaves; no less than the head start before it is heard.
            now: the time.
        """
        self.spec = spec
        self._head_start = int(pacing.head_start_s * spec.sample_rate)
        self.clock = PlayoutClock(spec.sample_rate, now + self._head_start_ns)
        self.newest = 0
        """The highest number of a turn so far."""
        self._lead = max(int(pacing.lead_s * spec.sample_rate), self._head_start)
        self._idles = pacing.idles
        self._begun = pacing.begins
        self._turns: deque[Turn] = deque()
        """Those that are not heard to their end yet."""
        self._go_to(0)
        self._resting = 0
        """Frames since somebody spoke."""
        self._speaking: Turn | None = None
        """Whose frame was the last one."""
        self._left: LeftFace | None = None
        self._past: deque[PastFrame] = deque()
        self.late = 0
        """Frames of turns that left over a frame interval after they were due."""

    def turns(self, now: int) -> tuple[Turn, ...]:
        """Return the turns that are not heard to their end yet."""
        self._forget(self.clock.position(now))
        return tuple(self._turns)

    def add(self, turn: Turn) -> None:
        """Queue a turn; its number is higher than all before."""
        self.newest = turn.number
        self._turns.append(turn)

    def pass_over(self, number: int) -> None:
        """Note that there will be no turn of this number."""
        self.newest = max(self.newest, number)

    def plan(self, now: int) -> PlannedInterval | None:
        """Return the next frame interval if it is due to leave, and move on; none while paused."""
        if self.clock.paused or not self._begins(now):
            return None
        position = self.clock.position(now)
        self._forget(position)
        turn = self._ready_turn()
        if turn is not None and not self._place(turn, position):
            return self._speak(turn, now) if self.sent <= position + self._lead else None
        if self._rests and self.sent <= position + self._head_start:
            return self._rest(position)
        return None

    def wake(self, now: int) -> int | None:
        """Return when `plan` is worth a try again, in ns; None if something has to happen first."""
        if self.clock.paused or not self._begun:
            return None
        speaks = self._ready_turn() is not None
        if not speaks and not self._rests:
            return None
        return self.clock.due(self.sent - (self._lead if speaks else self._head_start), now)

    def ended(self) -> Turn | None:
        """Return a turn that has been given away whole, once."""
        for turn in self._turns:
            if turn.tell():
                return turn
        return None

    def set_playout(self, sample: int, when: int, now: int) -> None:
        """Note that a sample is heard at `when` ns.

        Raises:
            ValueError: that cannot be, for a reason in words.
        """
        if sample < 0 or sample > self.sent + FURTHEST_S * self.spec.sample_rate:
            raise ValueError(f"sample {sample} cannot be heard, {self.sent} is the next to leave")
        if abs(when - now) > FURTHEST_S * SECOND:
            raise ValueError(
                f"playout is told within {FURTHEST_S} s of its time, which is the clock_ns of the "
                "hello and of every pong"
            )
        self.clock.set_playout(sample, when)

    def interrupt(self, number: int, at_ms: float | None, now: int) -> Cut | None:
        """Stop a turn, and drop those behind it.

        Args:
            number: of the turn.
            at_ms: when it was heard last, after it began; by default what is heard now. No
                later than what has left.
            now: the time.

        Returns:
            What was heard of it; None if it is over, or unknown.
        """
        position = self.clock.position(now)
        self._forget(position)
        named = next((turn for turn in self._turns if turn.number == number), None)
        if named is None:
            return None
        sent = min(self.sent, named.end) if named.drained else self.sent
        dropped = [turn for turn in self._turns if turn.number >= number]
        for turn in dropped:
            turn.interrupt()
            self._turns.remove(turn)
        behind = tuple(turn.number for turn in dropped[1:])
        self.clock.resume(now)
        if named.start is None:
            return Cut(number, None, None, 0.0, 0.0, behind)
        stop = position
        if at_ms is not None:
            stop = named.start + int(at_ms * self.spec.sample_rate / 1000)
        stop = max(named.start, min(stop, sent))
        kept = self._take_back(stop, position)
        last = None if kept is None else min(kept.index, self.spec.frame_count(stop) - 1)
        if kept is None or stop == named.start:
            return Cut(number, None, last, 0.0, 0.0, behind)
        own = kept.own + (stop - kept.timestamp if kept.turn == number else 0)
        heard_ms, speech_ms = (
            count * 1000 / self.spec.sample_rate for count in (stop - named.start, max(own, 0))
        )
        return Cut(number, stop - 1, last, heard_ms, speech_ms, behind)

    @property
    def _head_start_ns(self) -> int:
        return self._head_start * SECOND // self.spec.sample_rate

    @property
    def _rests(self) -> bool:
        """Whether frames of a resting face are wanted."""
        if self._idles:
            return True
        # Where the client keeps time, a turn that is slowly made is late for nobody.
        unfinished = self._speaking is not None and not self._speaking.drained
        return not unfinished and self._resting < EASE_S * self.spec.frame_rate

    def _begins(self, now: int) -> bool:
        """Tell whether the stream has begun; begin it if it waits for speech that is there."""
        if not self._begun and self._ready_turn() is not None:
            self._begun = True
            self.clock.set_playout(0, now + self._head_start_ns)
        return self._begun

    def _ready_turn(self) -> Turn | None:
        """Return the turn whose time it is, if enough of it is made."""
        turn = next((turn for turn in self._turns if not turn.drained), None)
        return turn if turn is not None and turn.ready(self._count) else None

    def _place(self, turn: Turn, position: int) -> bool:
        """Find the place where a turn can go on; tell whether the face has to rest before that."""
        if turn is self._speaking or self.sent >= position:
            return False
        if self._rests and self.sent >= position - self.spec.sample_rate:
            return True
        self._go_to(self.spec.frame_count(position + self._head_start))
        return False

    def _speak(self, turn: Turn, now: int) -> PlannedInterval:
        begin, count = self.sent, self._count
        begins, rate = turn is not self._speaking, self.spec.frame_rate
        if begins:
            self._ease(SEAM_S)
            turn.start = begin if turn.start is None else turn.start
        interval = turn.take(count)
        self._speaking, self._resting = turn, 0
        turn.end = begin + (len(interval.audio) or count)
        ahead = self.clock.due(begin, now) - now
        turn.leads.add(ahead)
        self.late += -ahead * rate.numerator > SECOND * rate.denominator
        offset = begin - interval.own
        words = tuple(
            replace(word, start=word.start + offset, end=word.end + offset)
            for word in interval.words
        )
        past = self._next_frame(interval.frame, turn.number, interval.own)
        leaving = FrameInterval(past.frame, interval.audio, words, turn, begins, interval.own)
        return PlannedInterval(leaving, past, self._left)

    def _rest(self, position: int) -> PlannedInterval:
        if self.sent < position - self.spec.sample_rate:
            # Nobody misses what a machine that slept would have shown of a resting face.
            self._go_to(self.spec.frame_count(position))
        if self._speaking is not None:
            self._ease(EASE_S)
            self._speaking = None
        self._resting += 1
        own = self._past[-1].own if self._past else 0
        past = self._next_frame(AT_REST, 0, own)
        leaving = FrameInterval(past.frame, NO_SAMPLES, (), None, False, 0)
        return PlannedInterval(leaving, past, self._left)

    def _go_to(self, index: int) -> None:
        """Let a frame be the next one."""
        self._next = index
        self.sent = self.spec.timestamp(index)
        """The first sample that has not left."""
        self._count = self.spec.timestamp(index + 1) - self.sent
        """Samples of the next frame interval."""

    def _next_frame(self, frame: BlendshapeFrame, turn: int, own: int) -> PastFrame:
        """Give the next frame its place in the stream, and remember it."""
        past = PastFrame(self._next, self.sent, turn, own, frame)
        self._past.append(past)
        self._go_to(self._next + 1)
        return past

    def _ease(self, seconds: float) -> None:
        """Leave the last face within so much time, or the time that is left of an easing."""
        if not self._past:
            return
        length = int(seconds * self.spec.sample_rate)
        if self._left is not None:
            length = max(length, self._left.end - self.sent)
        self._left = LeftFace(self._past[-1], self.sent, length)

    def _take_back(self, stop: int, position: int) -> PastFrame | None:
        """Go back to the last frame before sample `stop`, and ease the face away from it.

        Of those that are forgotten, the oldest that is not stands for it.
        """
        while len(self._past) > 1 and self._past[-1].timestamp >= stop:
            self._past.pop()
        kept = self._past[-1] if self._past else None
        self._go_to(self.spec.frame_count(max(stop, position)))
        self._left = None
        self._ease(EASE_S)
        self._speaking, self._resting = None, 0
        return kept

    def _forget(self, position: int) -> None:
        while self._turns and self._heard(self._turns[0], position):
            self._turns.popleft()
        oldest = position - MEMORY_S * self.spec.sample_rate
        while len(self._past) > 1 and self._past[0].timestamp < oldest:
            self._past.popleft()

    def _heard(self, turn: Turn, position: int) -> bool:
        return turn.state is TurnState.PLAYED and turn.end <= position
