import math
from fractions import Fraction

import numpy as np
import pytest

from facewire import arkit
from facewire_training.evaluation.metrics.motion.timing import gap_lag_ms
from facewire_training.take import Take


def babble(lag_s: float = 0.0, rate: Fraction = Fraction(60)) -> Take:
    """Make a jaw that opens irregularly, `lag_s` late."""
    times = np.arange(int(rate * 5)) / float(rate) - lag_s
    wave = np.sin(2 * np.pi * 3.1 * times) + np.sin(2 * np.pi * 1.3 * times + 1)
    weights = np.zeros((len(times), arkit.COUNT), np.float32)
    weights[:, arkit.INDEX["jawOpen"]] = 0.4 + 0.15 * wave
    return Take(weights, rate, ())


@pytest.mark.parametrize("lag_ms", [-120, -35, 0, 50, 200])
def test_the_lag_is_found_and_late_is_positive(lag_ms: int) -> None:
    assert gap_lag_ms([babble(lag_ms / 1000)], [babble()]) == pytest.approx(lag_ms, abs=5)


def test_frame_rates_may_differ_and_takes_are_pooled() -> None:
    takes = [babble(0.06, Fraction(30)), babble(0.06, Fraction(100))]
    assert gap_lag_ms(takes, [babble(), babble()]) == pytest.approx(60, abs=5)


def test_a_face_that_does_not_move_has_no_lag() -> None:
    still = Take(np.zeros((300, arkit.COUNT), np.float32), Fraction(60), ())
    assert math.isnan(gap_lag_ms([still], [babble()]))


def test_every_take_needs_its_reference() -> None:
    with pytest.raises(ValueError, match="shorter"):
        gap_lag_ms([babble(), babble()], [babble()])
