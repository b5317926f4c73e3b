"""One utterance on its own clock, given away frame interval by frame interval."""

import numpy as np

from facewire.clock import MILLISECOND
from facewire.frames import BlendshapeFrame
from facewire.speaking.turn import Turn, TurnState
from facewire.speaking.voice import Span


def faces(*values: float) -> list[BlendshapeFrame]:
    return [BlendshapeFrame(np.full(52, value, np.float32), 0, 0) for value in values]


def test_it_waits_for_the_sound_of_its_faces() -> None:
    turn = Turn(1, audio=True)
    turn.show(faces(0.1, 0.2))
    assert not turn.ready(100)
    turn.hear(np.arange(150, dtype=np.float32))
    assert turn.ready(100)
    interval = turn.take(100)
    assert interval.frame.weights[0] == np.float32(0.1)
    np.testing.assert_array_equal(interval.audio, np.arange(100))
    assert not turn.ready(100)
    assert (turn.samples_waiting, turn.samples_made, turn.faces_waiting) == (50, 150, 1)


def test_what_is_settled_or_complete_is_played_to_its_end() -> None:
    for complete in (False, True):
        turn = Turn(1, audio=True)
        turn.show(faces(0.1))
        turn.hear(np.ones(60, np.float32))
        assert not turn.ready(100)
        if complete:
            turn.complete()
        else:
            turn.settle()
        assert turn.ready(100)
        audio = turn.take(100).audio
        assert audio.tolist() == [1] * 60 + [0] * (0 if complete else 40)
        assert not turn.ready(100)
        assert turn.drained == complete


def test_what_follows_a_pause_begins_with_a_face_and_leaves_no_hole() -> None:
    turn = Turn(1, audio=True)
    turn.show(faces(0.1, 0.2))
    turn.hear(np.ones(735, np.float32))
    turn.settle()
    lengths = [len(turn.take(count).audio) for count in (368, 368)]  # 60 a second of 22,050 Hz
    assert lengths == [368, 368]
    turn.note((Span("next", 0, 100),))
    turn.show(faces(0.3))
    turn.hear(np.ones(400, np.float32))
    interval = turn.take(367)
    assert interval.own == 736
    assert interval.audio.all()
    assert interval.words == (Span("next", 736, 836),)


def test_more_after_a_settled_part_has_to_be_enough_again() -> None:
    turn = Turn(1, audio=True)
    turn.settle()
    turn.show(faces(0.1))
    turn.hear(np.ones(60, np.float32))
    assert not turn.ready(100)


def test_a_turn_without_audio_waits_for_faces_alone() -> None:
    turn = Turn(1, audio=False)
    turn.hear(np.ones(160, np.float32))
    assert not turn.ready(100)
    turn.show(faces(0.5))
    assert turn.ready(100)
    assert not len(turn.take(100).audio)
    assert (turn.samples_made, turn.samples_waiting) == (160, 0)


def test_sound_that_outlasts_its_faces_keeps_the_last_one() -> None:
    turn = Turn(1, audio=True)
    turn.show(faces(0.7))
    turn.hear(np.ones(250, np.float32))
    turn.complete()
    taken = []
    while not turn.drained:
        assert turn.ready(100)
        taken.append(turn.take(100))
    assert [len(interval.audio) for interval in taken] == [100, 100, 50]
    assert {float(interval.frame.weights[0]) for interval in taken} == {float(np.float32(0.7))}


def test_words_come_with_the_interval_in_which_their_audio_begins() -> None:
    turn = Turn(1, audio=True)
    turn.show(faces(*[0.1] * 5))
    for word in ("one", "two"):
        turn.note((Span(word, 10, 150),))
        turn.hear(np.ones(250, np.float32))
    words = [turn.take(100).words for _ in range(5)]
    assert words == [(Span("one", 10, 150),), (), (Span("two", 260, 400),), (), ()]


def test_nothing_of_a_dropped_turn_is_ready() -> None:
    turn = Turn(1, audio=False)
    turn.show(faces(0.5))
    turn.interrupt()
    assert not turn.ready(1)


def test_the_lead_is_told_as_first_least_and_median() -> None:
    turn = Turn(1, audio=False)
    assert turn.leads.found() is None
    for ms in (20, 10, 100):
        turn.leads.add(ms * MILLISECOND)
    lead = turn.leads.found()
    assert lead is not None
    assert (lead.first, lead.least, lead.median) == (20, 10, 20)


def test_its_state_says_how_far_it_is() -> None:
    turn = Turn(1, audio=True)
    turn.show(faces(0.1))
    turn.hear(np.ones(100, np.float32))
    states = [turn.state]
    turn.settle()
    states.append(turn.state)
    turn.hear(np.ones(100, np.float32))
    states.append(turn.state)
    turn.complete()
    turn.settle()
    states.append(turn.state)
    assert (turn.drained, turn.tell()) == (False, False)
    turn.take(200)
    states.append(turn.state)
    assert turn.drained
    assert [turn.tell(), turn.tell()] == [True, False]
    states.append(turn.state)
    assert turn.drained
    assert [state.value for state in states] == [
        "synthesising", "waiting", "synthesising", "complete", "complete", "played"
    ]  # fmt: skip


def test_nothing_brings_an_interrupted_turn_back() -> None:
    turn = Turn(1, audio=True)
    turn.interrupt()
    turn.hear(np.ones(100, np.float32))
    turn.settle()
    turn.complete()
    assert (turn.state, turn.tell()) == (TurnState.INTERRUPTED, False)


def test_faces_without_sound_of_a_turn_that_failed_are_not_shown() -> None:
    turn = Turn(1, audio=True)
    turn.show(faces(0.1, 0.2, 0.3))
    turn.hear(np.ones(100, np.float32))
    turn.fail(with_sound=True)
    turn.complete()
    turn.take(100)
    assert (turn.failed, turn.drained) == (True, True)
