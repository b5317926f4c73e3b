import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from facewire import arkit
from facewire_engines.phones.phone_set import INDEX
from facewire_training.evaluation.metrics.lips.closure import (
    closure_rate,
    false_closure_rate,
    luck_rate,
)
from facewire_training.evaluation.metrics.lips.labiodental import labiodental_rate
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take


def take(jaw: Sequence[float] | NDArray[np.float32], phones: str, rate: int = 100) -> Take:
    """Make a take whose gap is `jaw`; `phones` gives labels and their numbers of frames."""
    weights = np.zeros((len(jaw), arkit.COUNT), np.float32)
    weights[:, arkit.INDEX["jawOpen"]] = jaw
    laid: list[PhoneInterval] = []
    first = 0
    for label, frames in (item.split(":") for item in phones.split()):
        last = first + int(frames)
        laid.append(PhoneInterval(first / rate, last / rate, INDEX[label]))
        first = last
    return Take(weights, Fraction(rate), tuple(laid))


def test_frames_are_those_shown_during_the_phone() -> None:
    seen = take(np.zeros(10, np.float32), "aa:3 p:2 aa:5")
    assert [seen.frames(phone) for phone in seen.phones] == [slice(0, 3), slice(3, 5), slice(5, 10)]
    assert [seen.frames(phone, 1) for phone in seen.phones] == [
        slice(0, 4),
        slice(2, 6),
        slice(4, 10),
    ]


def test_frames_between_ticks_and_past_the_end_are_left_out() -> None:
    seen = Take(np.zeros((3, arkit.COUNT), np.float32), Fraction(30), ())
    assert seen.frames(PhoneInterval(0.034, 0.066, 1)) == slice(2, 2)
    assert seen.frames(PhoneInterval(0.05, 0.5, 1)) == slice(2, 3)
    assert list(seen.occurrences(("aa",))) == []


def test_lips_meet_within_the_phone_or_a_frame_beside_it() -> None:
    #                 aa aa aa  p   p   aa aa aa  b   b   aa  m    aa
    within = take(
        [0.5, 0.5, 0.5, 0.3, 0.1, 0.5, 0.5, 0.5, 0.2, 0.2, 0.0, 0.11, 0.11],
        "aa:3 p:2 aa:3 b:2 aa:1 m:1 aa:1",
    )
    assert closure_rate([within]) == 1.0
    two_away = take([0.5, 0.0, 0.5, 0.3, 0.2, 0.5, 0.0, 0.5], "aa:3 p:2 aa:3")
    assert closure_rate([two_away]) == 0.0
    assert closure_rate([within, two_away]) == pytest.approx(3 / 4)


def test_a_rate_of_nothing_is_not_a_number() -> None:
    for rate in (closure_rate, false_closure_rate, luck_rate, labiodental_rate):
        assert math.isnan(rate([take([0.5] * 4, "s:4")]))
        assert math.isnan(rate([]))


def test_false_closure_is_the_median_of_an_open_vowel_of_60_ms() -> None:
    #                       aa: median 0.05              ae: median 0.5                 ah: 50 ms
    jaw = [0.05] * 4 + [0.9] * 3 + [0.0] * 2 + [0.5] * 4 + [0.0] * 5
    assert false_closure_rate([take(jaw, "aa:7 ae:6 ah:5")]) == 0.5
    assert false_closure_rate([take(jaw, "iy:7 ae:6 ah:5")]) == 0.0
    assert false_closure_rate([take([0.1] * 6, "ah:6")]) == 1.0


def test_a_face_that_closes_only_when_it_must_is_not_lucky() -> None:
    jaw = np.full(200, 0.5, np.float32)
    jaw[100:105] = 0.0
    knows = take(jaw, "aa:100 p:5 aa:95")
    assert (closure_rate([knows]), luck_rate([knows])) == (1.0, 0.0)


def test_a_face_with_shut_lips_is_all_luck() -> None:
    shut = take(np.zeros(200, np.float32), "aa:100 p:5 aa:95")
    assert (closure_rate([shut]), luck_rate([shut])) == (1.0, 1.0)


def test_luck_is_looked_for_in_speech_only_and_is_seeded() -> None:
    jaw = np.full(400, 0.5, np.float32)
    jaw[:100] = 0.0
    jaw[150:400:20] = 0.0
    rests = take(jaw, "sil:100 s:20 p:6 aa:224 sil:50")
    rates = [luck_rate([rests], seed=seed) for seed in (1, 1, 2, 3, 4)]
    assert rates[0] == rates[1]
    assert len(set(rates)) > 1
    # A window of 8 frames meets one of the closures, 20 frames apart, in 8 of 20 places.
    many = take(np.tile(jaw[110:], 40), " ".join(["s:10 p:6 aa:274"] * 40))
    assert luck_rate([many]) == pytest.approx(0.4, abs=0.1)


def test_the_lip_must_roll_to_the_teeth() -> None:
    closed = take([0.0] * 9, "aa:3 f:3 aa:3")
    assert labiodental_rate([closed]) == 0.0
    closed.weights[4, arkit.INDEX["mouthRollLower"]] = 0.5
    assert labiodental_rate([closed]) == 1.0
