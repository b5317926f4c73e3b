import math
from fractions import Fraction

import numpy as np
import pytest

from facewire import arkit
from facewire_engines.phones.phone_set import INDEX
from facewire_training.evaluation.metrics.motion.onset import onset_lag_ms
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take

PHONES = tuple(
    PhoneInterval(start, start + 0.5, INDEX[label])
    for start, label in (
        (0.0, "sil"),
        (0.5, "aa"),
        (1.0, "m"),
        (1.5, "ae"),
        (2.0, "s"),
        (2.5, "aa"),
    )
)


def opening(*openings_s: float, rate: int = 100, height: float = 0.4) -> Take:
    """Make a mouth that rises in 100 ms to its height, half-way at each moment, and shuts."""
    times = np.arange(3 * rate) / rate
    jaw = np.zeros(len(times))
    for at in openings_s:
        jaw = np.maximum(
            jaw, np.interp(times, [at - 0.05, at + 0.05, at + 0.2, at + 0.3], [0, 1, 1, 0])
        )
    weights = np.zeros((len(times), arkit.COUNT), np.float32)
    weights[:, arkit.INDEX["jawOpen"]] = height * jaw
    return Take(weights, Fraction(rate), PHONES)


@pytest.mark.parametrize("late_ms", [-40, 0, 15, 90])
def test_the_lag_is_that_of_the_half_way_point(late_ms: int) -> None:
    late_s = late_ms / 1000
    ours = opening(0.5 + late_s, 1.5 + late_s)
    assert onset_lag_ms([ours], [opening(0.5, 1.5)]) == pytest.approx(late_ms, abs=0.1)


def test_it_is_found_between_frames_and_whatever_the_height() -> None:
    ours = opening(0.517, 1.517, rate=30, height=0.2)
    assert onset_lag_ms([ours], [opening(0.5, 1.5)]) == pytest.approx(17, abs=4)


def test_the_median_counts() -> None:
    ours, true = opening(0.52, 1.6), opening(0.5, 1.5)
    assert onset_lag_ms([ours, ours, opening(0.52)], [true] * 3) == pytest.approx(20, abs=0.1)


def test_openings_that_one_side_does_not_make_are_left_out() -> None:
    assert onset_lag_ms([opening(1.53)], [opening(0.5, 1.5)]) == pytest.approx(30, abs=0.1)
    assert math.isnan(onset_lag_ms([opening(height=0.0)], [opening(0.5, 1.5)]))


def test_a_vowel_after_s_is_no_opening() -> None:
    assert math.isnan(onset_lag_ms([opening(2.6)], [opening(2.5)]))
