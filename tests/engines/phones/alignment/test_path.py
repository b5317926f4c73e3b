"""The most likely path against all paths there are."""

from itertools import product

import numpy as np
import pytest

from facewire_engines.phones.alignment.path import FLOOR, Place, best_path, scores
from facewire_engines.phones.alignment.similarity import likeness
from facewire_engines.phones.alignment.units import HEARD, NEVER, SILENCE, Unit
from facewire_engines.phones.phone_set import INDEX

B, AA, M, S = (INDEX[phone] for phone in ("b", "aa", "m", "s"))


def unit(*classes: int, shortest: int = 1, start: int = 0, end: int = NEVER) -> Unit:
    return Unit(classes, start, end, shortest, 0.3, None)


UNITS = [
    Unit(HEARD, 0, 3, 0, 0.3, None),
    unit(B, shortest=2),
    unit(AA, M),
    Unit(HEARD, 6, NEVER, 0, 0.3, None),
    unit(M, shortest=2, start=4),
]


def is_possible(path: tuple[int, ...], units: list[Unit], came: Place | None) -> bool:
    """Tell whether each unit lasts as long as it must, and none but optional ones is left out."""
    run = came.run if came else None
    last = came.unit if came else None
    for now in path:
        if last is None:
            # It may begin anywhere, also within a unit.
            run = units[now].shortest
        elif now == last:
            run = (run or 0) + 1
        else:
            skipped = range(last + 1, now)
            if now < last or (run or 0) < max(units[last].shortest, 1):
                return False
            if len(skipped) > 1 or any(units[one].shortest for one in skipped):
                return False
            run = 1
        last = now
    return True


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("came", [None, Place(0, 1), Place(1, 1), Place(2, 5)])
def test_no_possible_path_is_more_likely(seed: int, came: Place | None) -> None:
    rng = np.random.default_rng(seed)
    heard = rng.dirichlet(np.full(40, 0.05), 6).astype(np.float32)
    table = scores(heard, UNITS, 0)
    found = tuple(place.unit for place in best_path(table, UNITS, came))
    assert is_possible(found, UNITS, came)

    def likelihood(path: tuple[int, ...]) -> float:
        return float(sum(table[token, one] for token, one in enumerate(path)))

    paths = product(range(len(UNITS)), repeat=6)
    best = max(likelihood(path) for path in paths if is_possible(path, UNITS, came))
    # From anywhere, chains that have begun before are possible, too: those are never worse.
    assert likelihood(found) >= best - 1e-4


def test_runs_are_counted_on() -> None:
    heard = np.zeros((4, 40), np.float32)
    heard[:2, B] = heard[2:, M] = 1
    places = best_path(scores(heard, [unit(B), unit(M)], 0), [unit(B), unit(M)], Place(0, 7))
    assert places == [Place(0, 8), Place(0, 9), Place(1, 1), Place(1, 2)]


def test_scores_are_those_of_the_classes_and_cost_more_outside() -> None:
    heard = np.zeros((3, 40), np.float32)
    heard[:, B], heard[:, SILENCE] = 0.5, 0.1
    pause, spoken = Unit(HEARD, 0, 99, 0, 0.3, None), Unit(HEARD, 0, 99, 1, 0.3, None)
    table = scores(heard, [unit(B), unit(AA, B, end=11), pause, spoken], 10)
    np.testing.assert_allclose(table[:, 0], np.log(0.5), rtol=1e-5)
    np.testing.assert_allclose(table[:, 1], np.log(0.5) - [0, 0.3, 0.6], rtol=1e-5)
    np.testing.assert_allclose(table[:, 2], np.log(0.5) - 1, rtol=1e-5)
    np.testing.assert_allclose(table[:, 3], np.log(0.5), rtol=1e-5)
    assert scores(np.zeros((1, 40), np.float32), [unit(B)], 0) == pytest.approx(np.log(FLOOR))


def test_a_phone_is_likelier_where_one_like_it_is_heard() -> None:
    heard = np.zeros((1, 40), np.float32)
    heard[0, B] = 1
    likely = likeness(heard)[0]
    assert likely[B] == 1 > likely[M] > likely[S] > likely[AA] == likely[SILENCE] == 0
    heard[0] = 1 / 40
    assert likeness(heard).max() <= 1
