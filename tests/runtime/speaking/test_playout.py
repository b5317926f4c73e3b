"""Turns on one clock: paced, paused, interrupted; all in made-up time."""

import random
from fractions import Fraction

import numpy as np
import pytest

from facewire.clock import MILLISECOND, SECOND
from facewire.face import make_face
from facewire.frames import BlendshapeFrame, Samples, StreamSpec
from facewire.speaking.answers import Cut
from facewire.speaking.frame_intervals import FaceRenderer, FrameInterval
from facewire.speaking.playout import EASE_S, HEAD_START_S, Pacing, Playout
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


class Theatre:
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


def test_a_face_at_rest_goes_on_in_real_time() -> None:
    theatre = Theatre()
    theatre.run(1_000)
    assert len(theatre.left) == theatre.spec.frame_count(RATE + 1)
    assert set(theatre.turns) == {0}
    assert not any(len(shown.audio) for shown in theatre.left)
    theatre.check_continuity()


@pytest.mark.parametrize("frame_rate", [30, 60, "30000/1001", 240])
def test_what_comes_in_a_burst_leaves_at_its_pace(frame_rate: int | str) -> None:
    theatre = Theatre(frame_rate)
    theatre.run(500)
    turn = theatre.play(1, 2_000)
    asked = theatre.now
    theatre.run(3_000)
    theatre.check_continuity()
    mine = [(s, t) for s, t in zip(theatre.left, theatre.times, strict=True) if s.turn is turn]
    clock = theatre.playout.clock
    for place, (shown, left) in enumerate(mine):
        ahead = clock.due(shown.frame.timestamp, left) - left
        assert 0 < ahead <= LEAD * SECOND // RATE
        assert shown.begins == (place == 0)
    assert mine[0][1] == asked
    assert clock.due(mine[-1][0].frame.timestamp, 0) - mine[-1][1] > 98 * MILLISECOND
    sound = theatre.sound(1)
    np.testing.assert_array_equal(sound, np.full(2 * RATE, 1 / 10_000, np.float32))
    assert theatre.ended == [1]
    assert turn.end == mine[0][0].frame.timestamp + 2 * RATE
    assert theatre.playout.late == 0
    lead = turn.leads.found()
    assert lead is not None
    assert 0 < lead.first == lead.least < lead.median <= 100


def test_turns_that_are_queued_follow_within_a_frame() -> None:
    theatre = Theatre()
    first, second = theatre.play(1, 505), theatre.play(2, 300)
    theatre.run(1_500)
    assert second.start is not None
    assert 0 <= second.start - first.end < RATE / 60
    assert theatre.ended == [1, 2]
    theatre.check_continuity()
    assert theatre.playout.turns(theatre.now) == ()


def test_a_turn_that_has_to_wait_rests_and_goes_on() -> None:
    theatre = Theatre()
    turn = Turn(1, audio=True)
    theatre.playout.add(turn)
    for _ in range(2):
        turn.hear(np.full(8_000, 0.1, np.float32))
        turn.show(face(1) for _ in range(30))
        turn.settle()
        theatre.run(1_000)
        assert theatre.turns[-1] == 0
        assert theatre.jaw[-1] == 0
    begins = [shown for shown in theatre.left if shown.begins]
    assert [shown.own for shown in begins] == [0, 8_000]
    assert turn.start == begins[0].frame.timestamp
    assert len(theatre.sound(1)) == 16_000
    assert not theatre.ended
    turn.complete()
    assert theatre.playout.ended() is turn
    theatre.check_continuity()


def test_the_client_knows_better_when_a_sample_is_heard() -> None:
    theatre = Theatre()
    turn = theatre.play(1, 2_000)
    theatre.run(100)
    assert turn.start is not None
    theatre.playout.set_playout(turn.start, theatre.now + 200 * MILLISECOND, theatre.now)
    theatre.run(0)
    waiting = len(theatre.left)
    theatre.run(250)
    assert len(theatre.left) == waiting
    theatre.run(100)
    assert len(theatre.left) > waiting
    for shown, left in zip(theatre.left[waiting:], theatre.times[waiting:], strict=True):
        ahead = theatre.playout.clock.due(shown.frame.timestamp, left) - left
        assert ahead == pytest.approx(LEAD * SECOND / RATE, abs=MILLISECOND)
    theatre.playout.set_playout(theatre.playout.sent, theatre.now, theatre.now)
    theatre.run(1)
    assert theatre.playout.sent - theatre.playout.clock.position(theatre.now) > LEAD


def test_playout_that_cannot_be_is_refused_and_changes_nothing() -> None:
    theatre = Theatre()
    theatre.run(100)
    for sample, when in ((-1, 0), (RATE * 60, 0), (0, 60 * SECOND), (0, -60 * SECOND)):
        with pytest.raises(ValueError, match=r"cannot be heard|within"):
            theatre.playout.set_playout(sample, theatre.now + when, theatre.now)
    assert theatre.playout.clock.position(theatre.now) == RATE // 10 - HEAD_START_S * RATE


def test_nothing_leaves_while_it_is_paused() -> None:
    theatre = Theatre()
    theatre.play(1, 1_000)
    theatre.run(300)
    theatre.playout.clock.pause(theatre.now)
    theatre.run(0)
    before = len(theatre.left)
    assert theatre.playout.wake(theatre.now) is None
    theatre.run(5_000)
    assert len(theatre.left) == before
    theatre.playout.clock.resume(theatre.now)
    theatre.run(1_000)
    theatre.check_continuity()
    assert len(theatre.sound(1)) == RATE
    assert theatre.playout.late == 0


class TestInterrupt:
    def test_it_tells_what_was_heard_and_the_face_comes_to_rest(self) -> None:
        theatre = Theatre()
        turn = theatre.play(1, 3_000)
        theatre.run(1_000)
        position = theatre.playout.clock.position(theatre.now)
        cut = theatre.interrupt(1)
        assert cut is not None
        assert turn.start is not None
        assert cut.sample == position - 1
        assert cut.frame == theatre.spec.frame_count(position) - 1
        assert cut.at_ms == cut.speech_ms == (position - turn.start) * 1000 / RATE
        assert theatre.left[-1].frame.index == cut.frame
        theatre.run(500)
        theatre.check_continuity()
        after = theatre.turns.index(0, cut.frame)
        assert set(theatre.turns[after:]) == {0}
        resting = after + int(EASE_S * 60) + 1
        assert theatre.jaw[after] > 0.9 * theatre.jaw[after - 1]
        assert not theatre.jaw[resting:].any()

    def test_the_next_turn_starts_clean(self) -> None:
        theatre, fresh = Theatre(), Theatre()
        theatre.play(1, 3_000)
        theatre.run(1_000)
        assert theatre.interrupt(1)
        theatre.play(2, 1_000)
        theatre.run(1_500)
        fresh.play(2, 1_000)
        fresh.run(1_500)
        after, alone = (
            [s.frame.weights for s in t.left if s.frame.turn == 2] for t in (theatre, fresh)
        )
        clean = int(EASE_S * 60) + 1
        assert len(after) == len(alone) == 60
        np.testing.assert_array_equal(after[clean:], alone[clean:])
        np.testing.assert_array_equal(theatre.sound(2), fresh.sound(2))
        theatre.check_continuity()

    def test_the_moment_that_the_client_names_counts(self) -> None:
        theatre = Theatre()
        turn = theatre.play(1, 3_000)
        theatre.run(1_000)
        assert turn.start is not None
        cut = theatre.interrupt(1, at_ms=500)
        assert cut is not None
        assert cut.frame is not None
        assert (cut.sample, cut.at_ms) == (turn.start + 8_000 - 1, 500)
        assert cut.frame == theatre.spec.frame_count(turn.start + 8_000) - 1
        next_shown = theatre.step()
        assert next_shown is not None
        stood = theatre.left[cut.frame].frame.weights
        np.testing.assert_allclose(next_shown.frame.weights, stood, atol=0.01)

    def test_a_moment_that_has_not_left_is_the_last_that_has(self) -> None:
        theatre = Theatre()
        theatre.play(1, 3_000)
        theatre.run(1_000)
        sent = theatre.playout.sent
        cut = theatre.interrupt(1, at_ms=1e9)
        assert cut is not None
        assert cut.sample == sent - 1
        assert theatre.playout.sent == sent

    def test_before_anything_was_heard_there_is_nothing_to_tell(self) -> None:
        theatre = Theatre()
        theatre.run(500)
        theatre.play(1, 1_000)
        theatre.run(0)
        assert 1 in theatre.turns
        last = theatre.turns.index(1) - 1
        assert theatre.interrupt(1, at_ms=0) == Cut(1, None, last, 0, 0, ())
        assert 1 not in theatre.turns
        theatre.run(500)
        theatre.check_continuity()

    def test_those_behind_it_are_dropped_and_those_before_it_are_not(self) -> None:
        theatre = Theatre()
        for number in (1, 2, 5):
            theatre.play(number, 600)
        theatre.run(200)
        assert theatre.interrupt(2) == Cut(2, None, None, 0, 0, (5,))
        theatre.run(2_000)
        assert set(theatre.turns) == {0, 1}
        assert len(theatre.sound(1)) == 9_600

    def test_the_end_of_a_turn_that_has_left_can_still_be_cut(self) -> None:
        theatre = Theatre()
        theatre.play(1, 500)
        theatre.play(2, 500)
        theatre.run(450)
        assert theatre.ended == [1]
        assert 2 in theatre.turns
        cut = theatre.interrupt(1)
        assert cut is not None
        assert cut.dropped == (2,)
        assert cut.at_ms < 500
        assert 2 not in theatre.turns
        theatre.run(500)
        theatre.check_continuity()

    def test_what_is_over_unknown_or_dropped_is_not_cut(self) -> None:
        theatre = Theatre()
        theatre.play(1, 300)
        theatre.run(1_000)
        theatre.play(2, 300)
        theatre.run(100)
        assert theatre.interrupt(1) is None
        assert theatre.interrupt(3) is None
        assert theatre.interrupt(2) is not None
        assert theatre.interrupt(2) is None

    def test_it_ends_a_pause(self) -> None:
        theatre = Theatre()
        theatre.play(1, 3_000)
        theatre.run(500)
        theatre.playout.clock.pause(theatre.now)
        theatre.run(2_000)
        cut = theatre.interrupt(1)
        assert cut is not None
        assert cut.at_ms < 500
        theatre.run(500)
        assert theatre.jaw[-1] == 0
        theatre.check_continuity()


class TestBurst:
    def test_everything_leaves_at_once_and_nothing_comes_between(self) -> None:
        theatre = Theatre(lead=600 * RATE, idles=False)
        theatre.play(1, 5_000)
        theatre.run(0)
        assert theatre.ended == [1]
        assert len(theatre.sound(1)) == 5 * RATE
        theatre.run(60_000)
        settled = len(theatre.left)
        assert theatre.turns[-8:] == [0] * 8
        theatre.run(60_000)
        assert len(theatre.left) == settled
        second = theatre.play(2, 1_000)
        theatre.run(0)
        assert second.start is not None
        assert second.start >= 120 * RATE

    def test_an_interrupt_takes_back_what_was_not_heard(self) -> None:
        theatre = Theatre(lead=600 * RATE, idles=False)
        theatre.play(1, 60_000)
        theatre.run(2_000)
        cut = theatre.interrupt(1)
        assert cut is not None
        assert cut.at_ms == pytest.approx(2_000, abs=40)
        theatre.play(2, 1_000)
        theatre.run(1_200)
        theatre.check_continuity()
        assert len(theatre.sound(2)) == RATE


@pytest.mark.parametrize("burst", [False, True])
def test_a_thousand_random_interrupts(burst: bool) -> None:
    draw = random.Random(5)
    lead = 600 * RATE if burst else LEAD
    theatre = Theatre(lead=lead, idles=not burst)
    number = 0
    for _ in range(1_000):
        for _ in range(draw.choice((1, 1, 1, 3))):
            number += 1
            theatre.play(number, draw.randrange(5, 400), audio=draw.random() < 0.8)
        theatre.run(draw.uniform(0, 200))
        alive = theatre.playout.turns(theatre.now)
        if not alive:
            continue
        victim = draw.choice(alive)
        heard_of_it = victim.start is not None
        at_ms = draw.choice((None, None, 0.0, draw.uniform(0, 1_000)))
        behind = tuple(turn.number for turn in alive if turn.number > victim.number)
        cut = theatre.interrupt(victim.number, at_ms)
        assert cut is not None
        assert (cut.turn, cut.dropped) == (victim.number, behind)
        assert theatre.interrupt(victim.number) is None
        if cut.sample is not None:
            assert heard_of_it
            assert victim.start is not None
            assert victim.start <= cut.sample < max(theatre.playout.sent, cut.sample + 1)
            assert cut.at_ms == (cut.sample + 1 - victim.start) * 1000 / RATE
        place = len(theatre.left)
        theatre.run(draw.choice((0, draw.uniform(0, 200))))
        assert all(turn < victim.number for turn in theatre.turns[place:])
        jaws = theatre.jaw[max(0, place - 1) :]
        if (
            len(jaws) > 1
            and theatre.left[place].frame.index == theatre.left[place - 1].frame.index + 1
        ):
            assert np.abs(np.diff(jaws)).max() <= STEEPEST
        del theatre.left[:-3], theatre.times[:-3]
    assert number > 1_000
