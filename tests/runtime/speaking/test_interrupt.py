"""Where an interrupt cuts, what is told of it, and how the face goes on."""

import random

import numpy as np
import pytest
from tests.runtime.speaking.playout_client import LEAD, RATE, STEEPEST, PlayoutClient

from facewire.speaking.answers import Cut
from facewire.speaking.playout import EASE_S


class TestInterrupt:
    def test_it_tells_what_was_heard_and_the_face_comes_to_rest(self) -> None:
        client = PlayoutClient()
        turn = client.play(1, 3_000)
        client.run(1_000)
        position = client.playout.clock.position(client.now)
        cut = client.interrupt(1)
        assert cut is not None
        assert turn.start is not None
        assert cut.sample == position - 1
        assert cut.frame == client.spec.frame_count(position) - 1
        assert cut.at_ms == cut.speech_ms == (position - turn.start) * 1000 / RATE
        assert client.left[-1].frame.index == cut.frame
        client.run(500)
        client.check_continuity()
        after = client.turns.index(0, cut.frame)
        assert set(client.turns[after:]) == {0}
        resting = after + int(EASE_S * 60) + 1
        assert client.jaw[after] > 0.9 * client.jaw[after - 1]
        assert not client.jaw[resting:].any()

    def test_the_next_turn_starts_clean(self) -> None:
        client, fresh = PlayoutClient(), PlayoutClient()
        client.play(1, 3_000)
        client.run(1_000)
        assert client.interrupt(1)
        client.play(2, 1_000)
        client.run(1_500)
        fresh.play(2, 1_000)
        fresh.run(1_500)
        after, alone = (
            [s.frame.weights for s in t.left if s.frame.turn == 2] for t in (client, fresh)
        )
        clean = int(EASE_S * 60) + 1
        assert len(after) == len(alone) == 60
        np.testing.assert_array_equal(after[clean:], alone[clean:])
        np.testing.assert_array_equal(client.sound(2), fresh.sound(2))
        client.check_continuity()

    def test_the_moment_that_the_client_names_counts(self) -> None:
        client = PlayoutClient()
        turn = client.play(1, 3_000)
        client.run(1_000)
        assert turn.start is not None
        cut = client.interrupt(1, at_ms=500)
        assert cut is not None
        assert cut.frame is not None
        assert (cut.sample, cut.at_ms) == (turn.start + 8_000 - 1, 500)
        assert cut.frame == client.spec.frame_count(turn.start + 8_000) - 1
        next_shown = client.step()
        assert next_shown is not None
        stood = client.left[cut.frame].frame.weights
        np.testing.assert_allclose(next_shown.frame.weights, stood, atol=0.01)

    def test_a_moment_that_has_not_left_is_the_last_that_has(self) -> None:
        client = PlayoutClient()
        client.play(1, 3_000)
        client.run(1_000)
        sent = client.playout.sent
        cut = client.interrupt(1, at_ms=1e9)
        assert cut is not None
        assert cut.sample == sent - 1
        assert client.playout.sent == sent

    def test_before_anything_was_heard_there_is_nothing_to_tell(self) -> None:
        client = PlayoutClient()
        client.run(500)
        client.play(1, 1_000)
        client.run(0)
        assert 1 in client.turns
        last = client.turns.index(1) - 1
        assert client.interrupt(1, at_ms=0) == Cut(1, None, last, 0, 0, ())
        assert 1 not in client.turns
        client.run(500)
        client.check_continuity()

    def test_those_behind_it_are_dropped_and_those_before_it_are_not(self) -> None:
        client = PlayoutClient()
        for number in (1, 2, 5):
            client.play(number, 600)
        client.run(200)
        assert client.interrupt(2) == Cut(2, None, None, 0, 0, (5,))
        client.run(2_000)
        assert set(client.turns) == {0, 1}
        assert len(client.sound(1)) == 9_600

    def test_the_end_of_a_turn_that_has_left_can_still_be_cut(self) -> None:
        client = PlayoutClient()
        client.play(1, 500)
        client.play(2, 500)
        client.run(450)
        assert client.ended == [1]
        assert 2 in client.turns
        cut = client.interrupt(1)
        assert cut is not None
        assert cut.dropped == (2,)
        assert cut.at_ms < 500
        assert 2 not in client.turns
        client.run(500)
        client.check_continuity()

    def test_what_is_over_unknown_or_dropped_is_not_cut(self) -> None:
        client = PlayoutClient()
        client.play(1, 300)
        client.run(1_000)
        client.play(2, 300)
        client.run(100)
        assert client.interrupt(1) is None
        assert client.interrupt(3) is None
        assert client.interrupt(2) is not None
        assert client.interrupt(2) is None

    def test_it_ends_a_pause(self) -> None:
        client = PlayoutClient()
        client.play(1, 3_000)
        client.run(500)
        client.playout.clock.pause(client.now)
        client.run(2_000)
        cut = client.interrupt(1)
        assert cut is not None
        assert cut.at_ms < 500
        client.run(500)
        assert client.jaw[-1] == 0
        client.check_continuity()


@pytest.mark.parametrize("burst", [False, True])
def test_a_thousand_random_interrupts(burst: bool) -> None:
    draw = random.Random(5)
    lead = 600 * RATE if burst else LEAD
    client = PlayoutClient(lead=lead, idles=not burst)
    number = 0
    for _ in range(1_000):
        for _ in range(draw.choice((1, 1, 1, 3))):
            number += 1
            client.play(number, draw.randrange(5, 400), audio=draw.random() < 0.8)
        client.run(draw.uniform(0, 200))
        alive = client.playout.turns(client.now)
        if not alive:
            continue
        victim = draw.choice(alive)
        heard_of_it = victim.start is not None
        at_ms = draw.choice((None, None, 0.0, draw.uniform(0, 1_000)))
        behind = tuple(turn.number for turn in alive if turn.number > victim.number)
        cut = client.interrupt(victim.number, at_ms)
        assert cut is not None
        assert (cut.turn, cut.dropped) == (victim.number, behind)
        assert client.interrupt(victim.number) is None
        if cut.sample is not None:
            assert heard_of_it
            assert victim.start is not None
            assert victim.start <= cut.sample < max(client.playout.sent, cut.sample + 1)
            assert cut.at_ms == (cut.sample + 1 - victim.start) * 1000 / RATE
        place = len(client.left)
        client.run(draw.choice((0, draw.uniform(0, 200))))
        assert all(turn < victim.number for turn in client.turns[place:])
        jaws = client.jaw[max(0, place - 1) :]
        if (
            len(jaws) > 1
            and client.left[place].frame.index == client.left[place - 1].frame.index + 1
        ):
            assert np.abs(np.diff(jaws)).max() <= STEEPEST
        del client.left[:-3], client.times[:-3]
    assert number > 1_000
