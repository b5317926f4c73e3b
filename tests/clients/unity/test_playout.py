"""When a face is shown: evenly, as late as the network makes it, and never back in time."""

import numpy as np
import pytest
from tests.clients.unity.mono import Program

INTERVAL_S = 1 / 60


def shown(answers: list[str]) -> np.ndarray:
    """Weights, seconds and delays of the answers that tell of a face."""
    return np.array([answer.split() for answer in answers], float)


@pytest.mark.parametrize("jitter_s", [0.0, 0.03])
def test_motion_is_even_whatever_the_network_does(driver: Program, jitter_s: float) -> None:
    rng = np.random.default_rng(3)
    count = 900
    made = np.arange(count) * INTERVAL_S
    arrived = np.maximum.accumulate(100.0 + made + rng.uniform(0, jitter_s, count))
    looked = 100.0 + np.arange(0.5, 14.5, 0.011)
    # The weight is the time itself, so that what is shown says when it belongs to.
    pushes = [(at, f"push 1 {t} {at} {t / 20}") for t, at in zip(made, arrived, strict=True)]
    looks = [(at, f"at {at}") for at in looked]
    lines = [line for _, line in sorted(pushes + looks, key=lambda pair: pair[0])]
    answers = driver.answers("jitter", lines=lines)
    seen = shown([a for line, a in zip(lines, answers, strict=True) if line.startswith("at")])
    weights, seconds, delays = seen.T
    np.testing.assert_allclose(weights * 20, seconds, atol=1e-5)
    assert np.all(np.diff(seconds) >= 0)
    # Once the delay is known, time runs as it does.
    settled = looked > 106.0
    steps = np.diff(seconds[settled])
    assert np.mean(np.abs(steps - 0.011) < 0.002) > 0.97
    assert delays[-1] <= jitter_s + INTERVAL_S + 1e-6
    if jitter_s:
        assert delays[-1] > jitter_s / 2
    behind = looked[settled] - 100.0 - seconds[settled]
    assert behind.max() < jitter_s + 2 * INTERVAL_S


def test_a_late_face_is_sorted_in_or_counted_and_time_never_goes_back(driver: Program) -> None:
    push = [f"push 1 {i / 10} {10 + i / 10} {i / 10}" for i in range(10)]
    lines = [*push[:3], push[4], push[3], "at 10.35", *push[5:7], "at 10.65", push[1], "at 10.3"]
    answers = driver.answers("jitter", lines=lines)
    at = shown([answers[5], answers[8], answers[10]])
    np.testing.assert_allclose(at[:, 0], [0.25, 0.55, 0.55], atol=1e-6)
    assert answers[9] == "late 1 0"


def test_another_stream_starts_anew(driver: Program) -> None:
    lines = ["at 5", "push 1 900 10 0.5", "at 10", "push 2 0 11 0.25", "at 11", "at 11.5"]
    answers = driver.answers("jitter", lines=lines)
    assert answers[0] == "none"
    assert shown([answers[2], answers[4], answers[5]])[:, 0].tolist() == [0.5, 0.25, 0.25]


def test_nobody_who_looks_away_makes_it_grow_without_end(driver: Program) -> None:
    lines = [f"push 1 {i / 60} {i / 60} 0.5" for i in range(2_000)]
    assert driver.answers("jitter", lines=lines)[-1] == f"late 0 {2_000 - 512}"


def test_the_quickest_ping_tells_the_clocks_apart(driver: Program) -> None:
    lines = ["0 5000 100", "1000 6005 1010", "2000 9000 4000"]
    answers = driver.answers("clock", lines=lines)
    assert answers == ["4950 100", "5000 10", "5000 10"]
    many = driver.answers("clock", lines=["0 5000 2", *["0 7000 50"] * 8])
    # An old ping tells too little about clocks that drift apart.
    assert many[-1] == "6975 50"
