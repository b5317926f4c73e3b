import pytest

from facewire_engines.phones.phone_set import PHONES
from facewire_engines.voices.mouthing.fitting import LEAST_S, Fitted, fit

MAMA = [("m", 0.07), ("aa", 0.15), ("m", 0.06), ("ah", 0.12)]


def labels(fitted: Fitted) -> list[str]:
    return [PHONES[shape.phone] for shape in fitted.shapes]


def total(fitted: Fitted) -> float:
    return sum(shape.duration_s for shape in fitted.shapes)


@pytest.mark.parametrize("room_s", [0.33, 0.5, 0.9, 2.0])
def test_a_mouthing_fills_its_sign_and_each_shape_can_be_seen(room_s: float) -> None:
    fitted = fit(MAMA, room_s)
    assert labels(fitted) == ["m", "aa", "m", "ah"]
    assert total(fitted) == pytest.approx(room_s, abs=1e-6)
    assert min(shape.duration_s for shape in fitted.shapes) >= LEAST_S - 1e-9
    assert fitted.too_many == 0


def test_a_slow_sign_lengthens_vowels_and_no_closure() -> None:
    closed, opened, *_ = fit(MAMA, 2.0).shapes
    assert closed.duration_s < 0.2
    assert opened.duration_s > 0.6


def test_sounds_that_look_alike_are_one_shape() -> None:
    assert labels(fit([("m", 0.1), ("b", 0.1), ("ah", 0.1), ("s", 0.1), ("t", 0.1)], 1.0)) == [
        "m",
        "ah",
        "s",
    ]


def test_where_time_is_short_the_throat_goes_first() -> None:
    phones = [("k", 0.1), ("aa", 0.1), ("k", 0.1), ("ow", 0.1)]
    assert labels(fit(phones, 0.4)) == ["k", "aa", "k", "ow"]
    assert labels(fit(phones, 0.2)) == ["aa", "ow"]


def test_what_is_too_fast_is_told_and_still_fits() -> None:
    fitted = fit(MAMA, 0.2)
    assert fitted.too_many == 4
    assert total(fitted) == pytest.approx(0.2)


def test_a_mouthing_without_vowels_may_end_before_its_sign() -> None:
    fitted = fit([("p", 0.1), ("f", 0.1)], 2.0)
    assert total(fitted) < 0.5


def test_nothing_but_sounds_of_the_throat_stays() -> None:
    assert labels(fit([("k", 0.1)], 0.05)) == ["k"]
