from facewire.clock import MILLISECOND, SECOND
from facewire.server.client_pace import Pace

TEN_MS = 10 * MILLISECOND


def test_who_speaks_is_live_and_due_when_the_audio_is_over() -> None:
    pace = Pace()
    for now in range(SECOND, 60 * SECOND, TEN_MS):
        assert pace.hear(TEN_MS, now, TEN_MS) == now + TEN_MS
    assert not pace.bulk


def test_a_clock_that_is_a_little_fast_is_live_for_an_hour() -> None:
    pace = Pace()
    for number in range(360_000):
        due = pace.hear(TEN_MS, SECOND + number * TEN_MS * 995 // 1_000, TEN_MS)
        assert due is not None


def test_an_upload_is_bulk_after_a_second_and_stays_so_while_it_is_made_to_wait() -> None:
    pace = Pace()
    dues = [pace.hear(SECOND // 2, SECOND, 0) for _ in range(4)]
    assert [due is None for due in dues] == [False, False, True, True]
    # Ten times slower than real time, because the server has no time for it.
    assert all(pace.hear(SECOND, (2 + 10 * n) * SECOND, 0) is None for n in range(100))


def test_who_was_ahead_and_goes_on_in_real_time_is_live_again() -> None:
    pace = Pace()
    pace.hear(600 * SECOND, SECOND, 0)
    assert pace.bulk
    for now in range(2 * SECOND, 32 * SECOND, TEN_MS):
        pace.hear(TEN_MS, now, TEN_MS)
    assert not pace.bulk


def test_what_a_stalled_network_delivers_at_once_is_live() -> None:
    pace = Pace()
    pace.hear(TEN_MS, SECOND, TEN_MS)
    assert all(pace.hear(TEN_MS, 4 * SECOND, 0) for _ in range(300))


def test_what_comes_in_a_burst_is_due_later_than_what_others_say_now() -> None:
    burst, speaker = Pace(), Pace()
    dues = [burst.hear(50 * MILLISECOND, SECOND, 0) or 0 for _ in range(10)]
    assert dues == sorted(dues)
    assert (speaker.hear(TEN_MS, SECOND, TEN_MS) or 0) < dues[0]


def test_silence_fills_the_time_since_what_was_heard() -> None:
    pace = Pace()
    pace.hear(TEN_MS, SECOND, TEN_MS)
    assert pace.fill(SECOND + 260 * MILLISECOND, SECOND) == 250 * MILLISECOND
    assert pace.fill(SECOND + 260 * MILLISECOND, SECOND) == 0
    assert pace.fill(9 * SECOND, SECOND) == SECOND
