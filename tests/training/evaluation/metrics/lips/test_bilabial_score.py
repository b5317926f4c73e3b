import math
from fractions import Fraction

import numpy as np
import pytest

from facewire import arkit
from facewire_engines.phones.phone_set import INDEX
from facewire_training.evaluation.metrics.lips.bilabial_score import (
    bilabial_frame_guard,
    bilabial_frame_score,
    bilabial_guard,
    bilabial_score,
    learn_lip_score,
)
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take


def take(faces: list[tuple[str, list[float]]], rate: int = 30) -> Take:
    """Make a take whose jaw has the values of each phone, one a frame."""
    phones: list[PhoneInterval] = []
    jaw: list[float] = []
    for label, values in faces:
        start = len(jaw)
        jaw += values
        phones.append(PhoneInterval(start / rate, len(jaw) / rate, INDEX[label]))
    weights = np.zeros((len(jaw), arkit.COUNT), np.float32)
    weights[:, arkit.INDEX["jawOpen"]] = jaw
    return Take(weights, Fraction(rate), tuple(phones))


def true_faces() -> Take:
    """Ten p whose most open is 0.10 and a vowel of 0.5 after each."""
    faces: list[tuple[str, list[float]]] = []
    for step in range(1, 11):
        faces += [("p", [0.2, step / 100]), ("aa", [0.5, 0.6, 0.5])]
    return take(faces)


def test_true_faces_reach_70_percent_by_construction() -> None:
    truth = true_faces()
    lips = learn_lip_score([truth])
    assert lips is not None
    assert bilabial_score([truth], lips) == pytest.approx(0.7)
    assert bilabial_guard([truth], lips) == 0.0


def test_the_threshold_lies_at_the_seventieth_percentile_of_the_lowest_scores() -> None:
    lips = learn_lip_score([true_faces()])
    assert lips is not None
    # The score is linear in the jaw; between the seventh and the eighth p: 0.07 + 0.3 * 0.01.
    for jaw, closed in ((0.072, 1.0), (0.074, 0.0)):
        assert bilabial_score([take([("b", [0.4, jaw, 0.4])])], lips) == closed


def test_a_mouth_that_stays_shut_scores_everything_and_the_guard_says_so() -> None:
    lips = learn_lip_score([true_faces()])
    assert lips is not None
    shut = take([("m", [0.0] * 3), ("aa", [0.0] * 3)])
    assert bilabial_score([shut], lips) == 1.0
    assert bilabial_guard([shut], lips) == 1.0


def test_the_classifier_is_a_logistic_regression_with_c_1() -> None:
    # Standardised, p is at -1 and aa at +1, two of each: 4 log(1 + exp(-s)) + s² / 2 is least
    # where s = 4 / (1 + exp(s)), which is at s = 1.12140.
    lips = learn_lip_score([take([("p", [0.0, 0.0]), ("aa", [1.0, 1.0])])])
    assert lips is not None
    slope = lips.slope[np.abs(lips.slope) > 1e-9]
    assert len(slope) == 1
    assert slope[0] == pytest.approx(4 / (1 + math.exp(slope[0])), abs=1e-4)
    assert lips.offset == pytest.approx(0.0, abs=1e-4)


def test_phones_shorter_than_a_frame_are_left_out() -> None:
    lips = learn_lip_score([true_faces()])
    assert lips is not None
    face = take([("p", [0.0, 0.0])])
    blink = PhoneInterval(0.001, 0.030, INDEX["p"])
    assert math.isnan(bilabial_score([Take(face.weights, Fraction(30), (blink,))], lips))
    assert math.isnan(bilabial_guard([face], lips))


def test_a_short_phone_can_count_as_a_failure() -> None:
    lips = learn_lip_score([true_faces()])
    assert lips is not None
    face = take([("p", [0.0, 0.0]), ("p", [0.0, 0.0]), ("p", [0.0, 0.0])])
    blink = PhoneInterval(0.201, 0.230, INDEX["b"])
    said = Take(face.weights, Fraction(30), (*face.phones, blink))
    assert bilabial_score([said], lips) == 1.0
    assert bilabial_score([said], lips, short_fail=True) == pytest.approx(3 / 4)


def test_by_frames_true_faces_reach_70_percent_too() -> None:
    truth = true_faces()
    lips = learn_lip_score([truth])
    assert lips is not None
    # Of 20 frames of p, ten at 0.2 and ten from 0.01 to 0.10: the fourteenth is at 0.2.
    assert bilabial_frame_score([truth], lips) == pytest.approx(1.0)
    ladder = take(
        [("p", [step / 100 for step in range(1, 11)]), ("aa", [0.5, 0.6, 0.5]), ("m", [0.3])]
    )
    lips = learn_lip_score([ladder])
    assert lips is not None
    # Of 11 frames the eighth is the 70th percentile: 0.08.
    assert bilabial_frame_score([ladder], lips) == pytest.approx(8 / 11)
    assert bilabial_frame_guard([ladder], lips) == 0.0
    for jaw, closed in ((0.079, 1.0), (0.081, 0.0)):
        assert bilabial_frame_score([take([("b", [jaw])])], lips) == closed
    shut = take([("m", [0.0, 0.4]), ("aa", [0.0, 0.0, 0.4])])
    assert bilabial_frame_score([shut], lips) == 0.5
    assert bilabial_frame_guard([shut], lips) == pytest.approx(2 / 3)


def test_nothing_is_learned_without_both_classes() -> None:
    assert learn_lip_score([take([("p", [0.1, 0.2])])]) is None
    assert learn_lip_score([]) is None
