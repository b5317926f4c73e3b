"""Turns on one clock: paced, paused, in a burst; all in made-up time."""

import numpy as np
import pytest
from tests.runtime.speaking.playout_client import LEAD, RATE, PlayoutClient, face

from facewire.clock import MILLISECOND, SECOND
from facewire.speaking.playout import HEAD_START_S
from facewire.speaking.turn import Turn


def test_a_face_at_rest_goes_on_in_real_time() -> None:
    client = PlayoutClient()
    client.run(1_000)
    assert len(client.left) == client.spec.frame_count(RATE + 1)
    assert set(client.turns) == {0}
    assert not any(len(shown.audio) for shown in client.left)
    client.check_continuity()


@pytest.mark.parametrize("frame_rate", [30, 60, "30000/1001", 240])
def test_what_comes_in_a_burst_leaves_at_its_pace(frame_rate: int | str) -> None:
    client = PlayoutClient(frame_rate)
    client.run(500)
    turn = client.play(1, 2_000)
    asked = client.now
    client.run(3_000)
    client.check_continuity()
    mine = [(s, t) for s, t in zip(client.left, client.times, strict=True) if s.turn is turn]
    clock = client.playout.clock
    for place, (shown, left) in enumerate(mine):
        ahead = clock.due(shown.frame.timestamp, left) - left
        assert 0 < ahead <= LEAD * SECOND // RATE
        assert shown.begins == (place == 0)
    assert mine[0][1] == asked
    assert clock.due(mine[-1][0].frame.timestamp, 0) - mine[-1][1] > 98 * MILLISECOND
    sound = client.sound(1)
    np.testing.assert_array_equal(sound, np.full(2 * RATE, 1 / 10_000, np.float32))
    assert client.ended == [1]
    assert turn.end == mine[0][0].frame.timestamp + 2 * RATE
    assert client.playout.late == 0
    lead = turn.leads.found()
    assert lead is not None
    assert 0 < lead.first == lead.least < lead.median <= 100


def test_turns_that_are_queued_follow_within_a_frame() -> None:
    client = PlayoutClient()
    first, second = client.play(1, 505), client.play(2, 300)
    client.run(1_500)
    assert second.start is not None
    assert 0 <= second.start - first.end < RATE / 60
    assert client.ended == [1, 2]
    client.check_continuity()
    assert client.playout.turns(client.now) == ()


def test_a_turn_that_has_to_wait_rests_and_goes_on() -> None:
    client = PlayoutClient()
    turn = Turn(1, audio=True)
    client.playout.add(turn)
    for _ in range(2):
        turn.hear(np.full(8_000, 0.1, np.float32))
        turn.show(face(1) for _ in range(30))
        turn.settle()
        client.run(1_000)
        assert client.turns[-1] == 0
        assert client.jaw[-1] == 0
    begins = [shown for shown in client.left if shown.begins]
    assert [shown.own for shown in begins] == [0, 8_000]
    assert turn.start == begins[0].frame.timestamp
    assert len(client.sound(1)) == 16_000
    assert not client.ended
    turn.complete()
    assert client.playout.ended() is turn
    client.check_continuity()


def test_the_client_knows_better_when_a_sample_is_heard() -> None:
    client = PlayoutClient()
    turn = client.play(1, 2_000)
    client.run(100)
    assert turn.start is not None
    client.playout.set_playout(turn.start, client.now + 200 * MILLISECOND, client.now)
    client.run(0)
    waiting = len(client.left)
    client.run(250)
    assert len(client.left) == waiting
    client.run(100)
    assert len(client.left) > waiting
    for shown, left in zip(client.left[waiting:], client.times[waiting:], strict=True):
        ahead = client.playout.clock.due(shown.frame.timestamp, left) - left
        assert ahead == pytest.approx(LEAD * SECOND / RATE, abs=MILLISECOND)
    client.playout.set_playout(client.playout.sent, client.now, client.now)
    client.run(1)
    assert client.playout.sent - client.playout.clock.position(client.now) > LEAD


def test_playout_that_cannot_be_is_refused_and_changes_nothing() -> None:
    client = PlayoutClient()
    client.run(100)
    for sample, when in ((-1, 0), (RATE * 60, 0), (0, 60 * SECOND), (0, -60 * SECOND)):
        with pytest.raises(ValueError, match=r"cannot be heard|within"):
            client.playout.set_playout(sample, client.now + when, client.now)
    assert client.playout.clock.position(client.now) == RATE // 10 - HEAD_START_S * RATE


def test_nothing_leaves_while_it_is_paused() -> None:
    client = PlayoutClient()
    client.play(1, 1_000)
    client.run(300)
    client.playout.clock.pause(client.now)
    client.run(0)
    before = len(client.left)
    assert client.playout.wake(client.now) is None
    client.run(5_000)
    assert len(client.left) == before
    client.playout.clock.resume(client.now)
    client.run(1_000)
    client.check_continuity()
    assert len(client.sound(1)) == RATE
    assert client.playout.late == 0


class TestBurst:
    def test_everything_leaves_at_once_and_nothing_comes_between(self) -> None:
        client = PlayoutClient(lead=600 * RATE, idles=False)
        client.play(1, 5_000)
        client.run(0)
        assert client.ended == [1]
        assert len(client.sound(1)) == 5 * RATE
        client.run(60_000)
        settled = len(client.left)
        assert client.turns[-8:] == [0] * 8
        client.run(60_000)
        assert len(client.left) == settled
        second = client.play(2, 1_000)
        client.run(0)
        assert second.start is not None
        assert second.start >= 120 * RATE

    def test_an_interrupt_takes_back_what_was_not_heard(self) -> None:
        client = PlayoutClient(lead=600 * RATE, idles=False)
        client.play(1, 60_000)
        client.run(2_000)
        cut = client.interrupt(1)
        assert cut is not None
        assert cut.at_ms == pytest.approx(2_000, abs=40)
        client.play(2, 1_000)
        client.run(1_200)
        client.check_continuity()
        assert len(client.sound(2)) == RATE
