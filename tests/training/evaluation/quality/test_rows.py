from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.training.evaluation.quality.made import captured, of_meter_and_oracle, run, spoken

from facewire import arkit
from facewire.frames import Samples
from facewire_engines.phones.phone_set import PHONES
from facewire_training.data.adapters.clip import Clip, Face, clip_of
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.evaluation.performers import Taught
from facewire_training.evaluation.quality.material import Material
from facewire_training.evaluation.quality.request import Request
from facewire_training.evaluation.quality.rows import Row
from facewire_training.evaluation.quality.run import measure


def test_the_oracle_knows_and_a_volume_meter_does_not(tmp_path: Path) -> None:
    scores = of_meter_and_oracle(tmp_path)
    oracle, meter = scores.rows["oracle"].content, scores.rows["volume meter"].content
    assert scores.reference == "the oracle"
    assert (oracle["closure"], oracle["false_closure"], oracle["teeth_on_lip"]) == (1.0, 0.0, 1.0)
    assert oracle["rounding_auc"] > 0.9 > meter["rounding_auc"]
    assert oracle["labial_auc"] > meter["labial_auc"]
    assert (oracle["stillness"], oracle["lag_ms"], oracle["lve"]) == (0.0, 0.0, 0.0)
    assert (oracle["amplitude"], oracle["velocity"]) == (1.0, 1.0)
    assert oracle["bcs"] == pytest.approx(0.7, abs=0.1)
    assert meter["amplitude"] < 1.0 < 1.0 + meter["lve"]
    assert "gap_r" not in oracle


def test_the_decoder_alone_is_measured_on_what_somebody_hears(tmp_path: Path) -> None:
    clip = captured(spoken("one", 0))

    def hears_all(samples: Samples) -> NDArray[np.float32]:
        times_s = (np.arange(len(samples) // 160) + 0.5) / 100
        ends_s = [phone.end_s for phone in clip.utterance.phones]
        heard = np.searchsorted(ends_s, times_s).clip(max=len(ends_s) - 1)
        classes = np.array([phone.phone_index for phone in clip.utterance.phones])
        rows: NDArray[np.float32] = np.eye(len(PHONES), dtype=np.float32)[classes[heard]]
        return rows

    def hears_nothing(samples: Samples) -> NDArray[np.float32]:
        return np.eye(len(PHONES), dtype=np.float32)[np.zeros(len(samples) // 160, np.int64)]

    rows = [
        Row(name, Taught(one, 80.0), None)
        for name, one in (("all", hears_all), ("nothing", hears_nothing))
    ]
    made = Material({"made": [clip]}, None)
    (scores,) = measure(Request(tmp_path), made, rows, lambda *_: None)
    everything, nothing = scores.rows["all"].content, scores.rows["nothing"].content
    assert (everything["closure"], everything["false_closure"]) == (1.0, 0.0)
    assert everything["rounding_auc"] > 0.9
    assert nothing["false_closure"] == 1.0
    short = Utterance("short", np.zeros(100, np.float32), (), "nobody", "made")
    assert len(Taught(hears_nothing, 80.0)(short, Fraction(60)).weights) == 1


def test_true_faces_are_the_reference_and_a_row(tmp_path: Path) -> None:
    scores = run(Request(tmp_path, rows=("captured", "meter")), captured(spoken("one", 1)))
    assert scores.reference == "captured faces"
    true, meter = scores.rows["true face"].content, scores.rows["volume meter"].content
    assert true["gap_r"] == pytest.approx(1.0)
    assert true["lve"] == 0.0
    assert 0.3 < meter["jaw_r"] < 1


def test_without_phones_there_is_no_oracle_and_no_closure(tmp_path: Path) -> None:
    clip = captured(spoken("one", 1))
    silent = Clip(
        Utterance("one", clip.utterance.samples, (), "nobody", "made"), motion=clip.motion
    )
    scores = run(Request(tmp_path, rows=("oracle", "meter")), silent)
    assert set(scores.rows) == {"volume meter"}
    assert "closure" not in scores.rows["volume meter"].content
    assert scores.rows["volume meter"].content["gap_r"] > 0.3


def test_what_a_capture_does_not_show_says_nothing(tmp_path: Path) -> None:
    utterance = spoken("one", 1)
    whole = captured(utterance)
    assert whole.face is not None
    known = np.array([name in ("jawOpen", "mouthPucker") for name in arkit.NAMES])
    partial = clip_of(utterance, Face(whole.face.weights * known, Fraction(30), known))
    request = Request(tmp_path, rows=("captured", "oracle"))
    found = run(request, partial).rows
    true, oracle = found["true face"].content, found["oracle"].content
    assert oracle["lve"] == pytest.approx(0, abs=0.05)
    assert oracle["amplitude"] == pytest.approx(1, abs=0.05)
    assert oracle["jitter"] == pytest.approx(true["jitter"], rel=0.2)
    assert not {"fdd", "mve", "lip_mm"} & set(oracle)
