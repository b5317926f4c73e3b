import json
import os
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from facewire import arkit
from facewire.errors import ConfigError
from facewire_training.animation.lip_geometry import (
    MEASURES,
    labiodental_gap,
    linear,
    linear_gap,
    linear_protrusion,
    linear_width,
    lip_gap,
    lip_protrusion,
    lip_width,
)
from facewire_training.animation.make_lip_geometry import make_table

DATA = Path(os.environ.get("FACEWIRE_DATA", Path(__file__).parents[4] / "shared" / "data"))


def face(**shapes: float) -> NDArray[np.float32]:
    weights = np.zeros(arkit.COUNT, np.float32)
    for name, value in shapes.items():
        weights[arkit.INDEX[name]] = value
    return weights


def test_the_gap_is_one_for_the_open_jaw_and_zero_at_rest() -> None:
    assert lip_gap(face()) == 0.0
    assert lip_gap(face(jawOpen=1)) == pytest.approx(1.0)
    assert lip_gap(face(jawOpen=0.4)) == pytest.approx(0.4)


@pytest.mark.parametrize("jaw", [0.05, 0.3, 1.0])
def test_mouth_close_as_far_as_the_jaw_is_open_seals_the_lips(jaw: float) -> None:
    assert lip_gap(face(jawOpen=jaw, mouthClose=jaw)) == 0.0
    assert lip_gap(face(jawOpen=jaw, mouthClose=0.8 * jaw)) > 0.0


def test_rounding_narrows_and_protrudes_and_smiling_widens() -> None:
    pucker, smile = face(mouthPucker=1), face(mouthSmileLeft=1, mouthSmileRight=1)
    assert lip_width(pucker) < -0.2 < 0.2 < lip_width(smile)
    assert lip_protrusion(pucker) > 0.2 > 0 > lip_protrusion(smile)


def test_the_lip_reaches_the_teeth_by_rolling_in_not_by_closing() -> None:
    assert labiodental_gap(face(jawOpen=0.12, mouthRollLower=0.46)) < 0.05
    assert labiodental_gap(face()) > 0.15
    assert labiodental_gap(face(jawOpen=0.2, mouthClose=0.2)) > 0.15
    assert labiodental_gap(face(jawOpen=0.6)) > 0.5


def test_any_leading_shape_is_kept() -> None:
    weights = np.random.default_rng(0).random((3, 5, arkit.COUNT), np.float32)
    for measure in (lip_gap, lip_width, lip_protrusion, labiodental_gap):
        found = measure(weights)
        assert found.shape == (3, 5)
        assert found.dtype == np.float32
        assert found[2, 4] == pytest.approx(float(measure(weights[2, 4])), abs=1e-6)


def test_weights_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="51 weights"):
        lip_gap(np.zeros((4, 51), np.float32))


def test_vectors_are_copies_that_may_be_changed() -> None:
    for vector in (linear_gap, linear_width, linear_protrusion):
        assert vector().shape == (arkit.COUNT,)
        before = vector()
        vector()[:] = 7.0
        np.testing.assert_array_equal(vector(), before)
    assert linear_gap()[arkit.INDEX["tongueOut"]] == 0.0
    assert linear("width")[0] > 1.0


def test_the_table_names_its_source_and_licence() -> None:
    file = resources.files("facewire_training.animation") / "lip_geometry.json"
    table = json.loads(file.read_text())
    assert "USC Institute for Creative Technologies" in table["source"]
    assert "MIT" in table["source"]
    assert set(table["measures"]) == set(MEASURES)


@pytest.mark.skipif(
    not (DATA / "ict_facekit").is_dir(), reason="needs ict_facekit/ in FACEWIRE_DATA"
)
def test_the_face_model_gives_the_table_again() -> None:
    file = resources.files("facewire_training.animation") / "lip_geometry.json"
    assert make_table(DATA / "ict_facekit") == json.loads(file.read_text())


def test_a_folder_without_the_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read the ICT face model"):
        make_table(tmp_path)
