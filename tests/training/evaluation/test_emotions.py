import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from facewire import arkit
from facewire.emotion import NAMES, NEUTRAL, emotion_of
from facewire_training.evaluation.emotions import felt, main
from facewire_training.take import Take


def test_what_is_felt_moves_the_face_and_leaves_the_gap() -> None:
    weights = np.zeros((50, arkit.COUNT), np.float32)
    weights[:, arkit.INDEX["jawOpen"]] = np.linspace(0.1, 0.6, 50)
    take = Take(weights, Fraction(50), ())
    np.testing.assert_array_equal(felt(take, NEUTRAL).weights, weights)
    happy = felt(take, emotion_of({"happy": 1.0}))
    assert happy.weights[:, arkit.INDEX["mouthSmileLeft"]].min() > 0.5
    np.testing.assert_allclose(happy.gap(), take.gap(), atol=0.003)
    np.testing.assert_array_equal(take.weights, weights)


def test_closures_are_unchanged_within_a_point_by_emotion(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (data_dir / "librispeech/phones.tsv.gz").exists():
        pytest.skip(f"there is no librispeech/phones.tsv.gz in {data_dir}")
    monkeypatch.setattr("facewire_training.evaluation.emotions.UTTERANCES", 6)
    out = tmp_path / "emotions.json"
    main(["--data", str(data_dir), "--json", str(out)])
    rows = json.loads(out.read_text())["emotions"]
    assert list(rows) == ["neutral", *NAMES]
    for name in NAMES:
        assert rows[name]["p b m closed"] == pytest.approx(
            rows["neutral"]["p b m closed"], abs=0.01
        )
        assert rows[name]["vowels shut"] == pytest.approx(rows["neutral"]["vowels shut"], abs=0.01)
        assert rows[name]["moved"] >= 0.1
