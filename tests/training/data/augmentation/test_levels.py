"""Levels that change: by how much, where it is noted, and that nothing is cut off."""

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")

from facewire_training.data.augmentation.channel import active_level
from facewire_training.data.augmentation.levels import (
    UNSETTLED_HOPS,
    follow,
    is_fall,
    unsettled,
    wander,
)

Floats = NDArray[np.float32]


def speech(seed: int, level: float) -> Floats:
    """Return 3 s of noise in syllables, of a mean level."""
    rng = np.random.default_rng(seed)
    loudness = np.repeat(rng.uniform(0.3, 1, 30), 1600)
    return (rng.standard_normal(48_000) * loudness * level / 0.68).astype(np.float32)


def decibels(ratio: float) -> float:
    return 20 * float(np.log10(ratio))


@pytest.mark.parametrize("fall_db", [-8.0, 0.0, 14.0, 20.0, 30.0])
@pytest.mark.parametrize("levels", [(0.1, 0.1), (0.9, 0.01), (0.003, 0.3)])
def test_what_follows_is_as_far_below_as_it_says(
    fall_db: float, levels: tuple[float, float]
) -> None:
    first, then = (speech(seed, level) for seed, level in enumerate(levels))
    joined = follow(first, then, 20_000, fall_db)
    fell = decibels(active_level(joined[:19_900]) / active_level(joined[20_100:]))
    assert fell == pytest.approx(fall_db, abs=0.5)
    assert max(active_level(joined[:20_000]), active_level(joined[20_000:])) < 0.21
    assert np.mean(np.abs(joined) >= 1) < 1e-3
    corner = np.corrcoef(joined[20_100:], then[20_100:])[0, 1]
    assert corner > 0.999


def test_silence_is_not_raised_to_a_level() -> None:
    silence, then = np.zeros(48_000, np.float32), speech(1, 0.1)
    joined = follow(silence, then, 20_000, 20.0)
    assert not joined[:20_000].any()
    np.testing.assert_array_equal(joined[20_100:], then[20_100:])


def test_where_sounds_meet_there_is_no_click() -> None:
    steady = np.full(48_000, 0.1, np.float32)
    joined = follow(steady, -steady, 20_000, 0.0)
    assert np.abs(np.diff(joined)).max() < 0.01


def test_levels_wander_down_and_falls_are_noted() -> None:
    noted = 0
    for seed in range(100):
        levels = wander(48_000, np.random.default_rng(seed))
        assert levels.gain_db.shape == (48_000,)
        assert levels.gain_db.max() == 0
        assert levels.gain_db.min() >= -30
        for place in levels.falls:
            settled = min(place + int(0.41 * 16_000), 47_999)
            assert levels.gain_db[place - 1] - levels.gain_db[settled] > -30.1
            noted += 1
        again = wander(48_000, np.random.default_rng(seed))
        np.testing.assert_array_equal(levels.gain_db, again.gain_db)
    assert 40 < noted < 160


def test_a_fall_is_noted_where_the_level_falls() -> None:
    for seed in range(100):
        levels = wander(48_000, np.random.default_rng(seed))
        for place in levels.falls:
            before, soon = levels.gain_db[place - 1], levels.gain_db[place : place + 6_400].min()
            assert before - soon >= 1


def test_only_the_moment_after_a_fall_is_unsettled() -> None:
    lost = unsettled((100 * 160,), 300)
    assert np.flatnonzero(lost).tolist() == list(range(100, 100 + UNSETTLED_HOPS))
    assert not unsettled((), 300).any()
    assert unsettled((299 * 160,), 300).sum() == 1
    assert is_fall(6.0)
    assert not is_fall(5.9)
    assert not is_fall(-20.0)
