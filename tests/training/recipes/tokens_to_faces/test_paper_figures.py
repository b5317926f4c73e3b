import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")

from facewire import arkit
from facewire_engines.phones.phone_set import INDEX
from facewire_training.phones import PhoneInterval
from facewire_training.recipes.tokens_to_faces.paper_figures import more_figures, paper_figures
from facewire_training.take import Take


def truth(lowest: float = 0.01) -> Take:
    """Ten p whose most open is ten times `lowest`, and a vowel of 0.5 after each."""
    jaw: list[float] = []
    phones: list[PhoneInterval] = []
    for step in range(1, 11):
        for label, values in (("p", [0.2, step * lowest]), ("aa", [0.5, 0.6, 0.5])):
            start = len(jaw)
            jaw += values
            phones.append(PhoneInterval(start / 30, len(jaw) / 30, INDEX[label]))
    weights = np.zeros((len(jaw), arkit.COUNT), np.float32)
    weights[:, arkit.INDEX["jawOpen"]] = jaw
    return Take(weights, Fraction(30), tuple(phones))


def test_the_true_face_has_no_error_and_70_percent() -> None:
    true = truth()
    found = paper_figures([true], [true])
    assert list(found) == ["LVE", "Jitter", "BCS %", "guard %"]
    assert found["LVE"] == 0.0
    assert found["BCS %"] == pytest.approx(70)
    assert found["guard %"] == 0.0
    jaw = true.weights[:, arkit.INDEX["jawOpen"]].astype(np.float64)
    assert found["Jitter"] == pytest.approx(900 * np.abs(np.diff(jaw, n=2)).mean())


def test_a_shut_mouth_scores_everything_and_the_guard_shows_it() -> None:
    true = truth()
    shut = replace(true, weights=np.zeros_like(true.weights))
    found = paper_figures([shut], [true])
    assert (found["BCS %"], found["guard %"], found["Jitter"]) == (100, 100, 0)
    assert found["LVE"] == pytest.approx(true.weights.sum() / len(true))
    more = more_figures([shut], [true])
    assert (more["BCS frames %"], more["guard frames %"], more["MAV"]) == (100, 100, 0)
    assert more["LVE 16"] == pytest.approx(found["LVE"])
    assert more["LVE 12"] == 0.0
    assert more["LVE squared"] == pytest.approx((true.weights**2).sum() / len(true))


def test_what_a_system_says_is_clipped_and_the_truth_is_not() -> None:
    true = truth()
    below = true.weights.copy()
    below[:, arkit.INDEX["mouthPucker"]] = -0.2
    unclipped = replace(true, weights=below)
    assert paper_figures([unclipped], [true])["LVE"] == 0.0
    assert paper_figures([unclipped], [true], clip=False)["LVE"] == pytest.approx(0.2)
    assert paper_figures([true], [unclipped])["LVE"] == pytest.approx(0.2)


def test_references_without_phones_have_errors_only() -> None:
    true = replace(truth(), phones=())
    found = paper_figures([true], [true])
    assert found["LVE"] == 0.0
    assert math.isnan(found["BCS %"])
    assert math.isnan(found["guard %"])
    with pytest.raises(ValueError, match="shorter"):
        paper_figures([true, true], [true])
