import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from facewire import arkit
from facewire_training.evaluation.metrics.motion.smoothness import (
    autocorrelation,
    high_frequency_ratio,
    jitter_51,
    motion_intensity,
)
from facewire_training.evaluation.metrics.motion.steadiness import jitter
from facewire_training.take import Take


def take(values: list[float], rate: int = 30, shape: str = "jawOpen") -> Take:
    weights = np.zeros((len(values), arkit.COUNT), np.float32)
    weights[:, arkit.INDEX[shape]] = values
    return Take(weights, Fraction(rate), ())


def test_jitter_of_the_paper_leaves_the_tongue_out() -> None:
    values = [0.0, 0.0, 0.1, 0.0, 0.0]
    assert jitter_51([take(values)]) == pytest.approx(900 * 0.4 / 3)
    assert jitter_51([take(values, shape="tongueOut")]) == 0.0
    assert jitter([take(values, shape="tongueOut")]) > 0
    # At 60 frames a second every second one is seen.
    assert jitter_51([take([0, 9, 0, 9, 0.1, 9, 0, 9, 0, 9], 60)]) == pytest.approx(900 * 0.4 / 3)
    assert math.isnan(jitter_51([take([0.0, 1.0])]))


def test_intensity_is_the_mean_speed_of_a_weight() -> None:
    # Steps of .1, .3 and .2 at 30 a second, of one weight of 51.
    found = motion_intensity([take([0.0, 0.1, 0.4, 0.2])])
    assert found == pytest.approx(30 * (0.1 + 0.3 + 0.2) / 3 / 51)
    known = np.isin(arkit.NAMES, ["jawOpen", "mouthPucker"])
    some = replace(take([0.0, 0.1, 0.4, 0.2]), known=known)
    assert motion_intensity([some]) == pytest.approx(30 * 0.6 / 3 / 2)
    assert motion_intensity([take([0.2] * 9)]) == 0.0


def test_the_ratio_of_fast_movement_is_that_of_the_powers() -> None:
    # Whole waves of 2 Hz and of 8 Hz, the second half as high: a quarter of the power.
    times = np.arange(90) / 30
    slow, fast = np.sin(2 * np.pi * 2 * times), 0.5 * np.sin(2 * np.pi * 8 * times)
    assert high_frequency_ratio([take(list(0.1 * slow))]) == pytest.approx(0.0, abs=1e-9)
    assert high_frequency_ratio([take(list(0.1 * fast))]) == pytest.approx(1.0)
    mixed = take(list(0.1 * (slow + fast)), shape="browInnerUp")
    assert high_frequency_ratio([mixed]) == pytest.approx(0.25 / 1.25)
    assert math.isnan(high_frequency_ratio([take([0.5] * 9)]))


def test_autocorrelation_is_that_of_the_deviations() -> None:
    # Deviations -1, 1, -1, 1: products -3 at lag 1, 2 at lag 2, -1 at lag 3; squares 4.
    shaking = take([0.0, 1.0, 0.0, 1.0])
    found = [autocorrelation([shaking], lag) for lag in (1, 2, 3)]
    assert found == pytest.approx([-3 / 4, 2 / 4, -1 / 4])
    # Deviations -1.5, -.5, .5, 1.5: products .75 - .25 + .75 at lag 1; squares 5.
    rising = take([0.0, 0.1, 0.2, 0.3])
    assert autocorrelation([rising], 1) == pytest.approx(1.25 / 5, abs=1e-6)
    assert autocorrelation([rising, shaking], 1) == pytest.approx((0.25 - 0.75) / 2, abs=1e-6)
    assert math.isnan(autocorrelation([take([0.5] * 9)], 1))
    assert math.isnan(autocorrelation([rising], 4))
    with pytest.raises(ValueError, match="lag"):
        autocorrelation([rising], 0)
