"""What people do in each phone: measured on curves that are known, and on a clip of GRID."""

import os
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")

from facewire_engines.phones.engine import load_embedded
from facewire_engines.phones.phone_set import INDEX
from facewire_training.data.phone_measures import (
    OTHERS,
    Spoken,
    by_phone,
    grid,
    open_gap,
    shares,
)
from facewire_training.phones import PhoneInterval

DATA = Path(os.environ.get("FACEWIRE_DATA", Path(__file__).parents[4] / "shared" / "data"))


def spoken(gap: float) -> Spoken:
    """Say "aa p aa", 0.2 s each; the lips are so far apart, but for p."""
    times_s = np.arange(0, 0.6, 0.01)
    curve = np.where((times_s > 0.2) & (times_s < 0.4), 1.0, gap)
    phones = [
        PhoneInterval(0.2 * i, 0.2 * i + 0.2, INDEX[p]) for i, p in enumerate(("aa", "p", "aa"))
    ]
    return Spoken(phones, times_s, {"gap": curve})


def test_means_spreads_and_timing_are_those_of_the_curves() -> None:
    found = by_phone(iter([spoken(9.0), spoken(11.0)]))
    assert found["aa"]["count"] == 4
    assert found["aa"]["gap"] == pytest.approx(10.0, abs=0.01)
    assert found["aa"]["gap_sd"] == pytest.approx(1.0, abs=0.01)
    assert found["p"]["gap"] == pytest.approx(1.0)
    assert open_gap(found) == pytest.approx(10.0, abs=0.01)


def test_few_phones_are_shrunk_to_what_others_do() -> None:
    many = {"count": 100_000, "gap": 10.0}
    labels = ("aa", "ah", "ih", "b", "f", "n", "th", "g", "uw")
    phones = {label: dict(many) for label in labels}
    phones |= {"s": {"count": 100_000, "gap": 7.0}, "ao": {"count": 1, "gap": 10.0}}
    found = shares(phones)
    assert found["s"] == pytest.approx(0.7, abs=0.01)
    assert found["ao"] == pytest.approx(OTHERS["ao"], abs=0.03)
    # Of those whom nobody says, the class, or what others do.
    assert found["ae"] == pytest.approx(found["aa"], abs=0.01)
    assert found["sh"] == OTHERS["sh"]
    assert len(found) == 39


@pytest.mark.skipif(not (DATA / "grid_s1").is_dir(), reason="needs grid_s1/ in FACEWIRE_DATA")
def test_a_real_mouth_is_open_in_vowels_and_shut_in_b() -> None:
    pytest.importorskip("pocketsphinx", reason="install pocketsphinx: pip install -e '.[train]'")
    found = by_phone(islice(grid(DATA / "grid_s1", load_embedded()), 25))
    assert found["ey"]["gap"] > 8 > 4 > found["b"]["gap"]
    assert found["ey"]["chin_down"] > found["uw"]["chin_down"]
    assert found["uw"]["width"] < -1.5 < found["iy"]["width"]
