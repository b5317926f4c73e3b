import math
from fractions import Fraction

import numpy as np
import pytest

from facewire import arkit
from facewire_engines.phones.phone_set import INDEX
from facewire_training.evaluation.metrics.auc import auc
from facewire_training.evaluation.metrics.lips.openness import gap_auc, jaw_auc, labial_auc
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take


def take(frames: list[tuple[str, float]]) -> Take:
    """Make a take of one frame a phone, each with its jawOpen."""
    weights = np.zeros((len(frames), arkit.COUNT), np.float32)
    weights[:, arkit.INDEX["jawOpen"]] = [jaw for _, jaw in frames]
    phones = [
        PhoneInterval(index / 10, (index + 1) / 10, INDEX[label])
        for index, (label, _) in enumerate(frames)
    ]
    return Take(weights, Fraction(10), tuple(phones))


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    # Of the pairs (3, 1) (3, 2) (3, 4) (2, 1) (2, 2) (2, 4): 3 right, one tie, of 6.
    assert auc(np.array([3.0, 2.0]), np.array([1.0, 2.0, 4.0])) == pytest.approx(3.5 / 6)
    assert auc(np.array([2.0]), np.array([1.0])) == 1.0
    assert auc(np.array([1.0]), np.array([2.0])) == 0.0
    assert auc(np.array([1.0]), np.array([1.0])) == 0.5


def test_auc_of_an_empty_class_is_not_a_number() -> None:
    assert math.isnan(auc(np.array([]), np.array([1.0])))
    assert math.isnan(gap_auc([]))


def test_gap_auc_compares_open_vowels_with_bilabials_over_all_takes() -> None:
    first = take([("aa", 0.5), ("p", 0.0), ("s", 0.9), ("sil", 0.9)])
    second = take([("ae", 0.2), ("m", 0.3), ("iy", 0.0)])
    # aa above both; ae above p, below m.
    assert gap_auc([first, second]) == pytest.approx(3 / 4)


def test_labial_auc_also_counts_f_v_w_uw() -> None:
    frames = [("aa", 0.5), ("p", 0.0), ("w", 0.6), ("uw", 0.1), ("f", 0.6)]
    assert gap_auc([take(frames)]) == 1.0
    assert labial_auc([take(frames)]) == pytest.approx(2 / 4)


def test_jaw_auc_looks_at_the_jaw_even_where_the_lips_are_closed() -> None:
    frames = take([("aa", 0.5), ("s", 0.1), ("p", 0.6), ("t", 0.9)])
    frames.weights[2, arkit.INDEX["mouthClose"]] = 0.6
    assert gap_auc([frames]) == 1.0
    assert jaw_auc([frames]) == pytest.approx(1 / 2)
