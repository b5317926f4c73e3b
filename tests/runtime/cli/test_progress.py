import io
import logging

from rich.console import Console
from rich.logging import RichHandler

from facewire.clock import SECOND, ManualClock
from facewire_cli.progress import showing_progress


def shown(total_s: float, seconds: int = 60) -> list[str]:
    """What is written, where no terminal is, of work that is twice as fast as its recording."""
    clock, log = ManualClock(), io.StringIO()
    with showing_progress(Console(file=log), "talk.wav", total_s, clock) as show:
        for second in range(1, seconds + 1):
            clock.advance(SECOND)
            show(2.0 * second)
    return log.getvalue().splitlines()


def test_a_log_gets_a_line_every_ten_seconds() -> None:
    lines = shown(10_800)
    assert len(lines) == 6
    assert lines[0] == "talk.wav: 0:20 of 3:00:00 (0%), about 1:29:50 left"
    assert lines[-1] == "talk.wav: 2:00 of 3:00:00 (1%), about 1:29:00 left"


def test_of_a_recording_without_a_length_it_is_said_what_is_done() -> None:
    assert shown(0)[0] == "talk.wav: 0:20"


def test_short_work_writes_nothing() -> None:
    assert shown(12, seconds=6) == []


def test_a_terminal_gets_a_bar_that_goes_away() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80)
    with showing_progress(console, "talk.wav", 10, ManualClock()) as show:
        show(5.0)
    assert "talk.wav" in screen.getvalue()
    assert ":" not in screen.getvalue().split("talk.wav")[0]


def test_what_is_logged_meanwhile_is_drawn_above_the_bar() -> None:
    screen, elsewhere = io.StringIO(), io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80)
    own = Console(file=elsewhere)
    handler = RichHandler(console=own)
    logging.getLogger().addHandler(handler)
    try:
        with showing_progress(console, "talk.wav", 10, ManualClock()) as show:
            show(5.0)
            logging.getLogger("test").warning("nobody is there")
        logging.getLogger("test").warning("it is over")
    finally:
        logging.getLogger().removeHandler(handler)
    assert "nobody is there" in screen.getvalue()
    assert "it is over" not in screen.getvalue()
    assert "it is over" in elsewhere.getvalue()
    assert "nobody is there" not in elsewhere.getvalue()
    assert handler.console is own
