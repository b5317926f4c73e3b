from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.training.evaluation.quality.made import of_meter_and_oracle, run, spoken

from facewire import arkit
from facewire_engines.phones.phone_set import INDEX
from facewire_training.data.adapters.clip import Clip
from facewire_training.evaluation.quality.figures import FIGURES
from facewire_training.evaluation.quality.request import Request
from facewire_training.evaluation.quality.scores import score_live, truth_of
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take


def test_live_timing_is_later_and_only_for_what_is_live(tmp_path: Path) -> None:
    scores = of_meter_and_oracle(tmp_path)
    assert scores.rows["oracle"].live is None
    meter = scores.rows["volume meter"]
    assert meter.live is not None
    assert meter.live["lag_ms"] == pytest.approx(meter.content["lag_ms"] + 47.5, abs=2.5)
    assert set(meter.live) <= {figure.key for figure in FIGURES if figure.live}


def test_the_oracle_can_be_as_late_as_an_engine(tmp_path: Path) -> None:
    request = Request(tmp_path, rows=("late-oracle",), lookaheads_ms=(0.0, 40.0))
    scores = run(request, Clip(spoken("one", 1)))
    at_once, late = (scores.rows[f"oracle, {ms} ms late"] for ms in (0, 40))
    assert at_once.content == late.content
    assert at_once.live is not None
    assert late.live is not None
    assert (at_once.live["lag_ms"], late.live["lag_ms"]) == (0.0, 40.0)
    assert at_once.live["false_closure"] <= late.live["false_closure"]


def test_live_timing_counts_milliseconds_and_not_frames() -> None:
    """A mouth that shuts for 100 ms, 20 ms and 80 ms late, at 10 ms a frame and at 60 a second."""
    p, aa = (INDEX[label] for label in ("p", "aa"))
    phones = tuple(
        PhoneInterval(begin, begin + length, index)
        for start in range(20)
        for begin, length, index in ((start, 0.1, p), (start + 0.1, 0.9, aa))
    )
    for rate in (Fraction(100), Fraction(60)):
        times = np.arange(int(20 * rate)) / float(rate)
        weights = np.zeros((len(times), arkit.COUNT), np.float32)
        weights[:, arkit.INDEX["jawOpen"]] = 0.5 * (times % 1 >= 0.1)
        take = Take(weights, rate, phones)
        truth = truth_of([], [take], None)
        for delay_ms in (0, 20, 80):
            live = score_live([take], delay_ms, truth)
            assert live["lag_ms"] == pytest.approx(delay_ms, abs=2.5)
            assert live["onset_ms"] == pytest.approx(delay_ms, abs=0.1)
            assert live["closure"] == 1.0
        # Of 100 ms of p, the lips stay apart for the first 90 and shut in the last 10.
        assert score_live([take], 90, truth)["closure"] == 1.0
        assert score_live([take], 130, truth)["closure"] == pytest.approx(0.0, abs=0.06)


def test_a_shut_mouth_that_comes_late_shuts_the_vowels_that_are_short() -> None:
    p, aa = (INDEX[label] for label in ("p", "aa"))
    phones = tuple(
        PhoneInterval(0.2 * place + begin, 0.2 * place + end, index)
        for place in range(50)
        for begin, end, index in ((0.0, 0.1, p), (0.1, 0.2, aa))
    )
    weights = np.zeros((1000, arkit.COUNT), np.float32)
    weights[:, arkit.INDEX["jawOpen"]] = 0.5 * (np.arange(1000) % 20 >= 10)
    take = Take(weights, Fraction(100), phones)
    truth = truth_of([], None, None)
    shut = {ms: score_live([take], ms, truth)["false_closure"] for ms in (0, 20, 40, 60, 80)}
    # The median is shut once more than half of the vowel is.
    assert [shut[ms] for ms in (0, 20, 40)] == [0.0, 0.0, 0.0]
    assert [shut[ms] for ms in (60, 80)] == [1.0, 1.0]
