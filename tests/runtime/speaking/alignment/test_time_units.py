"""Times in another unit than their format's are told from those that are right."""

import pytest

from facewire.speaking.alignment.time_units import wrong_unit

RIGHT = [0.06, 0.376, 0.7, 1.1, 1.5, 1.9]
"""When the words of 2.3 s of audio begin."""


def in_unit(factor: float, count: int = len(RIGHT)) -> list[float]:
    return [factor * start for start in RIGHT[:count]]


@pytest.mark.parametrize("count", range(1, 7))
def test_ms_where_seconds_are_wanted(count: int) -> None:
    said = wrong_unit(in_unit(1000, count), 2.3, complete=True)
    assert said is not None
    assert said.startswith("nearly all times lie past the end of the turn's 2.3 s of audio")
    assert "are they in ms where their format wants seconds" in said
    assert wrong_unit([0.0, *in_unit(1000, count)], 2.3, complete=True) == said


@pytest.mark.parametrize("factor", [1e-3, 1e-4, 1e-7])
def test_seconds_or_ms_where_ms_or_ticks_are_wanted(factor: float) -> None:
    said = wrong_unit(in_unit(factor), 2.3, complete=True)
    assert said is not None
    assert said.startswith("all times lie within the first ")
    assert "are they in seconds where their format wants ms or ticks?" in said


def test_what_is_absurdly_far_ahead_is_told_before_the_end() -> None:
    said = wrong_unit(in_unit(1000), 1.0, complete=False)
    assert said is not None
    assert said.startswith("the times lie more than 60 s ahead of the audio, the last one at 1900")
    assert wrong_unit(in_unit(1e-7), 1.0, complete=False) is None
    assert wrong_unit([10.0, 20.0, 40.0], 0.0, complete=False) is None


@pytest.mark.parametrize(
    ("starts", "audio_s"),
    [
        ([], 2.3),
        (RIGHT, 2.3),
        (RIGHT, 1.0),  # of audio that was cut off
        ([0.0], 2.3),
        ([0.0, 0.4], 0.3),
        ([0.0] * 9, 2.3),
        ([-5.0, -1.0, 0.2], 2.3),
        ([0.0, 0.07, 0.12], 400.0),
        (RIGHT, 0.0),
    ],
)
def test_what_may_be_right_is_none_of_it(starts: list[float], audio_s: float) -> None:
    assert wrong_unit(starts, audio_s, complete=True) is None
