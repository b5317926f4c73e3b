import math
from fractions import Fraction

import numpy as np
import pytest

from facewire import arkit
from facewire_engines.phones.phone_set import INDEX
from facewire_training.evaluation.metrics.lips.open_share import open_share
from facewire_training.evaluation.metrics.lips.recovery import jaw_recovery
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take


def opened(seconds: int, jaw: np.ndarray) -> Take:
    """Say aa and s by turns, half a second each, at 10 frames a second."""
    weights = np.zeros((10 * seconds, arkit.COUNT), np.float32)
    weights[:, arkit.INDEX["jawOpen"]] = jaw
    phones = [
        PhoneInterval(half / 2, (half + 1) / 2, INDEX["aa" if half % 2 == 0 else "s"])
        for half in range(2 * seconds)
    ]
    return Take(weights, Fraction(10), tuple(phones))


def test_it_is_the_share_of_the_usual_jaw_in_open_vowels_by_time() -> None:
    usual = opened(9, np.full(90, 0.4))
    after = np.arange(90) / 10 - 2.0
    jaw = np.select([after < 0, after < 1, after < 2, after < 5], [0.9, 0.0, 0.1, 0.2], 0.4)
    jaw[np.arange(90) % 10 >= 5] = 1.0  # in s, which does not count
    found = jaw_recovery([opened(9, jaw)], [usual], [2.0])
    assert found == pytest.approx(
        {"opening_0_1": 0.0, "opening_1_2": 0.25, "opening_2_5": 0.5, "opening_5_10": 1.0},
        abs=1e-6,
    )


def test_takes_are_pooled_by_how_far_they_usually_open() -> None:
    wide, narrow = opened(1, np.full(10, 0.6)), opened(1, np.full(10, 0.2))
    shut = opened(1, np.zeros(10))
    found = jaw_recovery([wide, shut], [wide, narrow], [0.0, 0.0])
    assert found["opening_0_1"] == pytest.approx(0.75)
    assert math.isnan(found["opening_1_2"])


def test_lips_apart_are_counted_within_the_spans_only() -> None:
    jaw = np.array([0.5, 0.5, 0.05, 0.1, 0.11, 0.0, 0.5, 0.5, 0.5, 0.5])
    assert open_share([opened(1, jaw)], [[(0.2, 0.4), (0.4, 0.6)]]) == 0.25
    assert math.isnan(open_share([opened(1, jaw)], [[]]))
