import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from facewire import arkit
from facewire_training.evaluation.metrics.motion.liveliness import (
    amplitude_ratio,
    fast_share,
    velocity_ratio,
)
from facewire_training.take import Take


def take(**shapes: list[float]) -> Take:
    weights = np.zeros((len(next(iter(shapes.values()))), arkit.COUNT), np.float32)
    for name, values in shapes.items():
        weights[:, arkit.INDEX[name]] = values
    return Take(weights, Fraction(30), ())


def test_a_mouth_that_opens_half_as_far_has_half_of_both() -> None:
    true, half = take(jawOpen=[0.0, 0.8, 0.0, 0.8]), take(jawOpen=[0.2, 0.6, 0.2, 0.6])
    assert amplitude_ratio([half], [true]) == pytest.approx(0.5)
    assert velocity_ratio([half], [true]) == pytest.approx(0.5)
    assert amplitude_ratio([true], [half]) == pytest.approx(2.0)


def test_shapes_that_were_not_captured_do_not_count() -> None:
    known = np.array([name == "jawOpen" for name in arkit.NAMES])
    true = replace(take(jawOpen=[0.0, 0.8, 0.0, 0.8]), known=known)
    ours = take(jawOpen=[0.2, 0.6, 0.2, 0.6], mouthPucker=[0.0, 1.0, 0.0, 1.0])
    assert amplitude_ratio([ours], [true]) == pytest.approx(0.5)
    assert velocity_ratio([ours], [true]) == pytest.approx(0.5)


def test_slow_motion_is_as_far_but_not_as_fast() -> None:
    # Three steps of 0.6 against one.
    true, slow = take(jawOpen=[0.0, 0.6, 0.0, 0.6]), take(jawOpen=[0.0, 0.0, 0.6, 0.6])
    assert amplitude_ratio([slow], [true]) == pytest.approx(1.0)
    assert velocity_ratio([slow], [true]) == pytest.approx(1 / 3)


def test_the_upper_face_does_not_count_and_a_still_reference_gives_no_ratio() -> None:
    still, blinking = take(jawOpen=[0.0] * 4), take(eyeBlinkLeft=[0.0, 1.0, 0.0, 1.0])
    moving = take(jawOpen=[0.0, 1.0, 0.0, 1.0])
    assert amplitude_ratio([blinking], [moving]) == 0.0
    assert velocity_ratio([blinking], [moving]) == 0.0
    assert math.isnan(amplitude_ratio([moving], [still]))
    assert math.isnan(velocity_ratio([moving], [still]))


def test_the_fast_share_is_the_power_above_5_hz() -> None:
    times = np.arange(300) / 30
    slow, fast = np.sin(2 * np.pi * 2 * times), np.sin(2 * np.pi * 8 * times)
    # Power goes with the square of the amplitude: 0.3² against 0.4².
    both = take(jawOpen=list(0.4 * slow + 0.3 * fast))
    assert fast_share([both]) == pytest.approx(0.09 / 0.25, abs=1e-4)
    apart = take(jawOpen=list(0.4 * slow), mouthPucker=list(0.3 * fast))
    assert fast_share([apart]) == pytest.approx(0.09 / 0.25, abs=1e-4)
    assert fast_share([take(jawOpen=list(slow))]) == pytest.approx(0.0, abs=1e-6)
    assert math.isnan(fast_share([take(jawOpen=[0.5] * 10)]))
