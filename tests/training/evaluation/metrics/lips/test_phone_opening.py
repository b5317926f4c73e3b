import math
from fractions import Fraction

import numpy as np
import pytest

from facewire import arkit
from facewire_engines.phones.phone_set import INDEX, PHONES
from facewire_training.evaluation.metrics.lips.phone_opening import (
    GRID,
    LIPS,
    UNIT,
    opening_by_phone,
    opening_correlation,
    opening_reference,
    reached_by_lips,
)
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take


def saying(openings: dict[str, float], order: str) -> Take:
    """Say phones of 100 ms each, with a lip gap for each label."""
    labels = order.split()
    weights = np.zeros((10 * len(labels), arkit.COUNT), np.float32)
    phones = []
    for place, label in enumerate(labels):
        weights[10 * place : 10 * place + 10, arkit.INDEX["jawOpen"]] = openings[label]
        phones.append(PhoneInterval(place / 10, (place + 1) / 10, INDEX[label]))
    return Take(weights, Fraction(100), tuple(phones))


def test_lips_that_follow_the_reference_in_any_unit_correlate_fully() -> None:
    reference = {"aa": 1.0, "s": 0.8, "uw": 0.3, "p": 0.0}
    half = {label: share / 2 for label, share in reference.items()}
    assert opening_correlation([saying(half, "aa s uw p aa uw")], reference) == pytest.approx(1.0)


def test_it_is_pearsons_r_over_occurrences_and_not_over_phones() -> None:
    reference = {"aa": 1.0, "p": 0.0}
    ours = [saying({"aa": 0.4, "p": 0.2, "t": 0.9}, "aa t p p"), saying({"p": 0.4}, "p")]
    by_hand = np.corrcoef([0.4, 0.2, 0.2, 0.4], [1, 0, 0, 0])[0, 1]
    assert opening_correlation(ours, reference) == pytest.approx(by_hand, abs=1e-6)


def test_where_nothing_can_be_compared_it_is_nan() -> None:
    still = saying({"aa": 0.3, "p": 0.3}, "aa p")
    assert math.isnan(opening_correlation([still], {"aa": 1.0, "p": 0.0}))
    assert math.isnan(opening_correlation([saying({"aa": 0.3}, "aa")], {"aa": 1.0}))


def test_shares_are_of_the_mean_open_vowel_and_rare_phones_have_none() -> None:
    take = saying({"aa": 0.6, "eh": 0.2, "s": 0.3, "t": 0.4, "sil": 0.0},
                  "sil aa aa aa eh eh eh s s s t")  # fmt: skip
    assert opening_by_phone([take]) == pytest.approx({"aa": 1.5, "eh": 0.5, "s": 0.75})


def test_the_references_know_what_lips_do() -> None:
    people, grid = opening_reference(LIPS), opening_reference(GRID)
    for reference in (people, grid):
        assert set(reference) <= set(PHONES)
        contacts = max(reference[label] for label in ("p", "b", "m"))
        assert contacts < reference["s"] < reference["ey"]
        assert max(reference["w"], reference["uw"]) < reference["t"]
    assert reached_by_lips(LIPS) > 0.5
    assert reached_by_lips(GRID) > 0.5
    assert {people[vowel] for vowel in UNIT} == {1.0}
    assert np.mean([grid[vowel] for vowel in UNIT if vowel in grid]) == pytest.approx(1, abs=0.01)
    shared = sorted(set(people) & set(grid))
    assert np.corrcoef([people[p] for p in shared], [grid[p] for p in shared])[0, 1] > 0.8
