import math
from fractions import Fraction

import numpy as np
import pytest

from facewire import arkit
from facewire_training.evaluation.metrics.motion.steadiness import (
    jitter,
    pause_difference,
    stillness,
)
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take


def take(values: list[float], rate: Fraction = Fraction(30), pause_s: float = 0.0) -> Take:
    """Make a take whose jaw has the values; all of it is a pause if it has a length."""
    weights = np.zeros((len(values), arkit.COUNT), np.float32)
    weights[:, arkit.INDEX["jawOpen"]] = values
    phones = (PhoneInterval(0.0, pause_s, 0),) if pause_s else ()
    return Take(weights, rate, phones)


def test_jitter_is_the_mean_second_difference_at_30_frames_a_second() -> None:
    # Second differences 0.1, -0.2, 0.1: their mean size is 0.4 / 3, times 900.
    assert jitter([take([0.0, 0.0, 0.1, 0.0, 0.0])]) == pytest.approx(900 * 0.4 / 3)


def test_steady_motion_has_no_jitter_and_a_face_of_two_frames_none_to_measure() -> None:
    assert jitter([take([0.0, 0.1, 0.2, 0.3])]) == pytest.approx(0.0, abs=1e-4)
    assert math.isnan(jitter([take([0.0, 1.0])]))


def test_jitter_is_a_norm_over_the_shapes() -> None:
    both = take([0.0, 0.3, 0.0])
    both.weights[1, arkit.INDEX["mouthPucker"]] = 0.4
    # Two shapes turn by 0.6 and 0.8: together by 1.
    assert jitter([both]) == pytest.approx(900.0)


def test_jitter_hardly_depends_on_the_frame_rate() -> None:
    def waving(rate: Fraction) -> Take:
        times = np.arange(int(rate * 4)) / float(rate)
        return take(list(0.3 + 0.2 * np.sin(2 * np.pi * 3 * times)), rate)

    reference = jitter([waving(Fraction(30))])
    for rate in (Fraction(60), Fraction(30_000, 1001), Fraction(100)):
        assert jitter([waving(rate)]) == pytest.approx(reference, rel=0.1)


def test_stillness_looks_at_the_middle_of_pauses() -> None:
    # 30 frames a second: a pause of 1 s, of which the first and the last 9 frames may move.
    values = [0.5] * 9 + [0.1] * 6 + [0.2] * 6 + [0.9] * 9
    # One step of 0.1 in the 11 differences of the 12 frames that are left.
    assert stillness([take(values, pause_s=1.0)]) == pytest.approx(30 * 0.1 / 11)
    assert stillness([take([0.2] * 30, pause_s=1.0)]) == 0.0


def test_short_silences_are_no_pauses() -> None:
    assert math.isnan(stillness([take([0.0, 1.0] * 15, pause_s=0.5)]))


@pytest.mark.parametrize("rate", [30, 60])
def test_the_difference_in_pauses_is_a_mean_over_weights_at_30_frames_a_second(rate: int) -> None:
    # The jaw moves at 0.78 a second: 0.026 a frame at 30 a second, a 52nd of it for each weight.
    values = [0.78 / rate * frame for frame in range(rate + 1)]
    assert pause_difference([take(values, Fraction(rate), pause_s=1.0)]) == pytest.approx(0.0005)
    assert math.isnan(pause_difference([take(values, Fraction(rate))]))
