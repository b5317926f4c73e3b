import math
from fractions import Fraction

import numpy as np

from facewire import arkit
from facewire_engines.phones.phone_set import INDEX
from facewire_training.evaluation.metrics.lips.shape_reach import OF_SHAPES, reach_rate
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take


def of_two(label: str, shape: str, first: float, second: float) -> Take:
    """Say a phone twice, with a weight in the middle frame of each and a lot of it between."""
    weights = np.zeros((9, arkit.COUNT), np.float32)
    weights[1, arkit.INDEX[shape]], weights[7, arkit.INDEX[shape]] = first, second
    weights[3:6, arkit.INDEX[shape]] = 1.0
    phones = [PhoneInterval(0.0, 0.1, INDEX[label]), PhoneInterval(0.2, 0.3, INDEX[label])]
    return Take(weights, Fraction(30), tuple(phones))


def test_the_largest_weight_of_the_phones_own_frames_counts() -> None:
    take = of_two("f", "mouthRollLower", 0.2, 0.19)
    assert OF_SHAPES["roll_f"]([take]) == 0.5
    assert math.isnan(OF_SHAPES["roll_v"]([take]))
    assert reach_rate([take], ("f",), "mouthRollLower", 0.05) == 1.0


def test_a_tongue_has_to_be_more_than_a_tenth_out() -> None:
    assert OF_SHAPES["tongue_th"]([of_two("th", "tongueOut", 0.1, 0.11)]) == 0.5
    assert OF_SHAPES["tongue_l"]([of_two("l", "tongueOut", 0.02, 0.03)]) == 0.0
