import math
from fractions import Fraction

import numpy as np
import pytest

from facewire import arkit
from facewire_engines.phones.phone_set import INDEX
from facewire_training.evaluation.metrics.lips.contacts import (
    closure_by_duration,
    closure_of,
    contacts,
    missed_beside,
)
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take

SHUT, APART = 0.0, 0.4


def saying(*said: tuple[str, int, float]) -> Take:
    """Make a take at 100 frames a second of labels, frames and lip gaps."""
    jaw = np.concatenate([np.full(count, gap) for _, count, gap in said])
    weights = np.zeros((len(jaw), arkit.COUNT), np.float32)
    weights[:, arkit.INDEX["jawOpen"]] = jaw
    ends = np.cumsum([count for _, count, _ in said])
    phones = [
        PhoneInterval((end - count) / 100, end / 100, INDEX[label])
        for (label, count, _), end in zip(said, ends, strict=True)
    ]
    return Take(weights, Fraction(100), tuple(phones))


def test_a_contact_knows_its_neighbours_and_whether_lips_met() -> None:
    take = saying(("p", 5, SHUT), ("aa", 10, APART), ("m", 7, APART), ("n", 5, APART))
    first, second = contacts([take])
    assert (first.label, first.before, first.after, first.closed) == ("p", "sil", "aa", True)
    assert (second.label, second.before, second.after) == ("m", "aa", "n")
    assert not second.closed
    assert second.duration_s == pytest.approx(0.07)


def test_shares_are_by_duration_with_both_edges_in_the_middle() -> None:
    vowel = ("aa", 20, APART)
    take = saying(
        ("p", 5, SHUT), vowel, ("p", 5, APART), vowel, ("b", 6, SHUT), vowel, ("b", 8, APART),
        vowel, ("m", 7, SHUT), vowel, ("m", 9, SHUT), vowel,
    )  # fmt: skip
    assert closure_by_duration([take]) == pytest.approx(
        {"closure_short": 1 / 2, "closure_middling": 2 / 3, "closure_long": 1.0}
    )
    assert (closure_of([take], "b"), closure_of([take], "m")) == (0.5, 1.0)
    nothing = closure_by_duration([saying(vowel)])
    assert all(math.isnan(share) for share in nothing.values())


def test_misses_are_counted_beside_sounds_that_are_frequent_enough() -> None:
    often = [("n", 5, APART), ("m", 5, APART), ("aa", 20, APART)] * 4
    often += [("n", 5, APART), ("m", 5, SHUT), ("aa", 20, APART)]
    rare = [("iy", 20, APART), ("b", 5, APART)]
    found = missed_beside([saying(*often, *rare)])
    assert found == {"after": {"n": 0.8}, "before": {"aa": 0.8}}
