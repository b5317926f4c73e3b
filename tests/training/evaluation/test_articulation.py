import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from facewire import arkit
from facewire_training.evaluation.articulation import (
    amplitude,
    articulated,
    main,
    natural_amount,
)
from facewire_training.take import Take


def opening() -> Take:
    weights = np.zeros((100, arkit.COUNT), np.float32)
    weights[:, arkit.INDEX["jawOpen"]] = np.linspace(0, 0.5, 100)
    return Take(weights, Fraction(50), ())


def test_the_natural_amount_is_where_ours_is_theirs() -> None:
    assert natural_amount((0.5, 1.0, 1.5), (0.6, 0.8, 1.2)) == pytest.approx(1.25)
    assert natural_amount((0.5, 1.0), (1.2, 1.6)) == pytest.approx(0.25)


def test_more_articulation_is_more_amplitude_and_keeps_the_shut_frames() -> None:
    take = opening()
    assert amplitude([take], 1.5) > 1.25 * amplitude([take], 1.0) > amplitude([take], 0.7)
    shut = take.gap() <= 0.1
    assert np.all(articulated(take, 2.0).gap()[shut] <= 0.103)


def test_the_command_prints_where_a_model_moves_as_people_do(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for needed in ("grid_s1/tracks.npz", "facegood/arkit", "librispeech/phones.tsv.gz"):
        if not (data_dir / needed).exists():
            pytest.skip(f"there is no {needed} in {data_dir}")
    monkeypatch.setattr("facewire_training.evaluation.articulation.CLIPS", 12)
    monkeypatch.setattr("facewire_training.evaluation.articulation.UTTERANCES", 4)
    out = tmp_path / "articulation.json"
    main(["--data", str(data_dir), "--split", "validation", "--json", str(out)])
    report = json.loads(out.read_text())
    rows = report["amounts"]
    assert rows["0.7"]["GRID"] < rows["1"]["GRID"] < rows["1.5"]["GRID"]
    assert rows["1.5"]["p b m closed"] >= rows["1"]["p b m closed"] - 1e-9
    assert rows["1.5"]["vowels shut"] <= rows["0.7"]["vowels shut"]
    assert set(report["as_people"]) == {"GRID", "FACEGOOD"}
