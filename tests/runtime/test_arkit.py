import numpy as np
import pytest

from facewire import arkit


def test_order_is_that_of_live_link_face() -> None:
    spots = {
        0: "eyeBlinkLeft",
        7: "eyeBlinkRight",
        17: "jawOpen",
        18: "mouthClose",
        51: "tongueOut",
    }
    assert arkit.COUNT == 52
    assert {index: arkit.NAMES[index] for index in spots} == spots
    assert all(arkit.NAMES[index] == name for name, index in arkit.INDEX.items())
    assert len(arkit.INDEX) == 52


def test_from_named_puts_an_alphabetical_order_right() -> None:
    names = sorted(arkit.NAMES)
    values = np.arange(52, dtype=np.float32)
    mapped = arkit.from_named(values, names)
    assert [mapped[arkit.INDEX[name]] for name in names] == list(values)


def test_from_named_round_trips_any_order() -> None:
    generator = np.random.default_rng(0)
    weights = generator.random((7, 52), np.float32)
    order = generator.permutation(52)
    shuffled = weights[:, order]
    mapped = arkit.from_named(shuffled, [arkit.NAMES[index] for index in order])
    np.testing.assert_array_equal(mapped, weights)


def test_from_named_does_not_mind_the_case() -> None:
    mapped = arkit.from_named(np.array([0.5, 0.25], np.float32), ["JawOpen", "EYEBLINKLEFT"])
    assert mapped[arkit.INDEX["jawOpen"]] == 0.5
    assert mapped[arkit.INDEX["eyeBlinkLeft"]] == 0.25
    assert np.count_nonzero(mapped) == 2


def test_from_named_leaves_strangers_out_and_missing_shapes_at_zero() -> None:
    mapped = arkit.from_named(np.array([9.0, 0.5], np.float32), ["_neutral", "jawLeft"])
    assert mapped.dtype == np.float32
    assert mapped[arkit.INDEX["jawLeft"]] == 0.5
    assert mapped.sum() == 0.5


def test_from_named_keeps_leading_dimensions() -> None:
    mapped = arkit.from_named(np.ones((2, 3, 1), np.float32), ["jawOpen"])
    assert mapped.shape == (2, 3, 52)
    assert mapped.sum() == 6


def test_from_named_refuses_another_number_of_names() -> None:
    with pytest.raises(ValueError, match="2 names for 3 values"):
        arkit.from_named(np.zeros(3, np.float32), ["jawOpen", "jawLeft"])
