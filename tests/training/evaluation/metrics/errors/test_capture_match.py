import math
from fractions import Fraction

import numpy as np
import pytest

from facewire import arkit
from facewire_training.data.mouth_motion import TrueMotion, motion_of
from facewire_training.evaluation.metrics.errors.capture_match import capture_correlation
from facewire_training.take import Take


def take(jaw: list[float], rate: int = 30) -> Take:
    weights = np.zeros((len(jaw), arkit.COUNT), np.float32)
    weights[:, arkit.INDEX["jawOpen"]] = jaw
    return Take(weights, Fraction(rate), ())


def motion(gap: list[float]) -> TrueMotion:
    return TrueMotion(np.arange(len(gap)) / 30, {"gap": np.array(gap)})


def test_scale_and_zero_do_not_count() -> None:
    ours = take([0.1, 0.3, 0.2, 0.3])
    assert capture_correlation([ours], [motion([5, 25, 15, 25])], "gap") == pytest.approx(1)
    assert capture_correlation([ours], [motion([9, 7, 8, 7])], "gap") == pytest.approx(-1)


def test_the_hand_worked_value() -> None:
    # Deviations -1, 0, 1 and -1, 1, 0 tenths: 1 / sqrt(2 * 2).
    ours = take([0.1, 0.2, 0.3])
    assert capture_correlation([ours], [motion([1, 3, 2])], "gap") == pytest.approx(0.5)


def test_clips_count_the_same_and_a_still_mouth_counts_zero() -> None:
    moving, still = take([0.1, 0.2, 0.1]), take([0.2] * 3)
    true = motion([1, 2, 1])
    assert capture_correlation([moving, still], [true, true], "gap") == pytest.approx(0.5)


def test_frames_without_a_face_are_left_out_and_so_are_clips_without_truth() -> None:
    nan = float("nan")
    ours = take([0.1, 0.9, 0.2, 0.3])
    assert capture_correlation([ours], [motion([1, nan, 2, 3])], "gap") == pytest.approx(1)
    assert math.isnan(capture_correlation([ours], [motion([2, 2, 2, 2])], "gap"))
    assert math.isnan(capture_correlation([ours], [motion([1, 2, 3, 4])], "width"))


def test_other_frame_rates_meet_at_the_true_times() -> None:
    ours = take([0.0, 0.1, 0.2, 0.1, 0.0, 0.3, 0.6], rate=60)
    assert capture_correlation([ours], [motion([0, 2, 0, 6, 9])], "gap") == pytest.approx(1)


def test_a_captured_take_agrees_with_itself() -> None:
    ours = take([0.1, 0.4, 0.2, 0.3, 0.0])
    ours.weights[:, arkit.INDEX["mouthPucker"]] = [0.0, 0.1, 0.5, 0.2, 0.1]
    for measure in ("gap", "width", "jaw"):
        assert capture_correlation([ours], [motion_of(ours)], measure) == pytest.approx(1)
