import numpy as np
import pytest

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")

from facewire_engines.phones.phone_set import INDEX
from facewire_training.data.shards import UNKNOWN
from facewire_training.data.teacher.scores import near_boundaries, score


def classes(said: str) -> np.ndarray:
    """Return the classes of phones; ? is one that nobody knows."""
    return np.array([UNKNOWN if phone == "?" else INDEX[phone] for phone in said.split()], np.uint8)


def test_tokens_within_20_ms_of_a_boundary_are_near_it() -> None:
    labels = classes("m m m m m aa aa aa aa aa")
    assert near_boundaries(labels).nonzero()[0].tolist() == [3, 4, 5, 6]
    assert near_boundaries(classes("m aa aa aa")).nonzero()[0].tolist() == [0, 1, 2]
    assert not near_boundaries(classes("m m m")).any()


def test_shares_are_of_what_is_known() -> None:
    labels = classes("m m m m m aa aa aa aa aa ? ?")
    heard = classes("m m m b aa aa aa p aa aa m m")
    found = score(heard, labels)
    assert found.tokens == 10
    assert found.right == pytest.approx(7 / 10)
    assert found.recall == pytest.approx(3 / 5)
    assert found.precision == pytest.approx(3 / 5)
    # m m aa aa, of which the first was heard as b and the second as aa.
    assert found.near == pytest.approx(2 / 4)
    assert "70.0% of 10 tokens right" in str(found)
