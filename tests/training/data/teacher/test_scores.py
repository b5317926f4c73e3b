import numpy as np
import pytest

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")

from facewire_engines.phones.phone_set import INDEX
from facewire_training.data.shards import UNKNOWN
from facewire_training.data.teacher.scores import boundaries_late, near_boundaries, score
from facewire_training.phones import PhoneInterval


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


def test_a_boundary_is_heard_between_two_tokens() -> None:
    heard = np.zeros((40, len(INDEX)), np.float32)
    heard[:20, INDEX["m"]] = heard[20:30, INDEX["aa"]] = heard[30:, INDEX["s"]] = 1.0
    phones = [
        PhoneInterval(0.0, 0.2, INDEX["m"]),
        PhoneInterval(0.2, 0.29, INDEX["aa"]),
        PhoneInterval(0.29, 0.35, INDEX["s"]),
        PhoneInterval(0.35, 0.4, INDEX["p"]),
    ]
    assert boundaries_late(heard, phones) == pytest.approx([0.0, 10.0])
    heard[19, [INDEX["m"], INDEX["aa"]]] = 0.25, 0.75
    assert boundaries_late(heard, phones[:2]) == pytest.approx([-25 / 3])
