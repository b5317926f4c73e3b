import numpy as np
import pytest

from facewire import arkit
from facewire.face.lips import linear_gap, lip_gap
from facewire_training.animation.lip_shares import MOST_LIPS, fit_gap, set_shape


def mouth(jaw: float, funnel: float = 0.0) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    weights = np.zeros((1, arkit.COUNT))
    set_shape(weights, "jawOpen", jaw)
    set_shape(weights, "mouthFunnel", funnel)
    return weights


@pytest.mark.parametrize(("jaw", "funnel", "gap"), [(0.1, 0, 0.3), (0.2, 0.2, 0.12), (0, 0, 0.2)])
def test_lips_make_the_gap_that_jaw_and_funnel_do_not(
    jaw: float, funnel: float, gap: float
) -> None:
    weights = mouth(jaw, funnel)
    missing = fit_gap(weights, np.array([gap]))
    assert missing == pytest.approx(0, abs=1e-9)
    assert lip_gap(weights)[0] == pytest.approx(gap, abs=1e-6)
    parted = weights[0, arkit.INDEX["mouthUpperUpLeft"]] > 0
    closed = weights[0, arkit.INDEX["mouthClose"]] > 0
    assert parted != closed


def test_only_the_upper_lip_moves_if_it_has_the_whole_share() -> None:
    weights = mouth(0.1)
    fit_gap(weights, np.array([0.2]), upper_share=1.0)
    assert lip_gap(weights)[0] == pytest.approx(0.2, abs=1e-6)
    assert weights[0, arkit.INDEX["mouthLowerDownRight"]] == 0


def test_what_lips_cannot_do_is_told_and_a_press_is_no_gap() -> None:
    weights = mouth(0.1)
    missing = fit_gap(weights, np.array([0.9]))
    assert weights.max() == MOST_LIPS
    assert missing[0] == pytest.approx(0.9 - lip_gap(weights)[0], abs=1e-6)
    fit_gap(weights, np.array([-0.01]))
    assert weights[0] @ linear_gap() == pytest.approx(-0.01, abs=1e-6)


def test_lips_never_close_more_than_the_jaw_opens() -> None:
    weights = mouth(0.05, 0.5)
    fit_gap(weights, np.array([0.0]))
    assert weights[0, arkit.INDEX["mouthClose"]] == 0.05
