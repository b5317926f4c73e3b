"""When sound is heard, by transports that take it in their different ways."""

import numpy as np
import pytest

from facewire.clock import MILLISECOND, SECOND
from facewire.frames import BlendshapeFrame
from facewire.speaking.playout_clock import PlayoutClock
from facewire_agents.faces.heard_clock import HeardClock
from facewire_agents.faces.schedule import STUCK_NS, FaceSchedule, MadeFace

PIECE = 40 * MILLISECOND
FRAME = SECOND // 60
COUNT = 1_500
"""Pieces: a minute."""


def given(pieces: int = COUNT) -> HeardClock:
    """Return a clock whose transport was given everything at once."""
    clock = HeardClock()
    for _ in range(pieces):
        clock.give(PIECE, 0)
    return clock


@pytest.mark.parametrize("buffer_ms", [60, 200, 1_000])
def test_a_device_with_a_buffer_plays_from_its_first_piece_on(buffer_ms: int) -> None:
    clock, buffer = given(), buffer_ms * MILLISECOND
    for piece in range(COUNT):
        heard = piece * PIECE
        # It takes a piece as soon as there is room for it.
        assert clock.take(PIECE, max(0, heard + PIECE - buffer)) == heard


def test_a_busy_machine_moves_the_face_by_less_than_a_frame() -> None:
    chance, clock = np.random.default_rng(5), given()
    for piece in range(COUNT):
        heard = piece * PIECE
        late = int(chance.exponential(2 * MILLISECOND)) if chance.integers(3) else 0
        when = clock.take(PIECE, heard + min(late, 15 * MILLISECOND))
        assert abs(when - heard) < FRAME


def test_a_transport_that_oversleeps_a_little_each_time_is_followed() -> None:
    clock = given()
    for piece in range(COUNT):
        heard = piece * (PIECE + MILLISECOND)
        assert abs(clock.take(PIECE, heard) - heard) < FRAME // 2


def test_a_pause_is_followed_at_once() -> None:
    clock = given(1)
    assert clock.take(PIECE, 7) == 7
    clock.give(PIECE, SECOND)
    assert clock.take(PIECE, SECOND + 3) == SECOND + 3


def test_sound_that_was_given_late_is_not_heard_before() -> None:
    clock = given(1)
    assert clock.take(PIECE, 0) == 0
    clock.give(PIECE, PIECE + 9 * MILLISECOND)
    assert clock.take(PIECE, PIECE + 9 * MILLISECOND) == PIECE + 9 * MILLISECOND


def test_what_was_given_runs_out_when_it_has_been_heard() -> None:
    clock = given(3)
    assert clock.runs_out(0) == 3 * PIECE
    clock.take(PIECE, 0)
    assert clock.runs_out(10 * MILLISECOND) == 3 * PIECE
    clock.forget()
    assert clock.runs_out(10 * MILLISECOND) == 10 * MILLISECOND


def test_a_face_whose_sound_nobody_takes_is_given_up() -> None:
    schedule = FaceSchedule(PlayoutClock(16_000, 0), lambda frame: frame.turn == 0)
    weights = np.zeros(52, np.float32)
    silence = np.zeros(0, np.float32)
    schedule.add(MadeFace(BlendshapeFrame(weights, 0, 0, turn=1), silence))
    schedule.add(MadeFace(BlendshapeFrame(weights, 1, 266), silence))
    assert schedule.take(SECOND) == (None, [])
    assert schedule.wake(SECOND) == STUCK_NS
    shown, due = schedule.take(STUCK_NS)
    assert shown is not None
    assert (shown.index, len(due)) == (1, 1)
