import json
from importlib import resources

import numpy as np
import pytest
from numpy.typing import NDArray

from facewire import arkit
from facewire.face.lips import (
    MEASURES,
    SHUT,
    labiodental_gap,
    linear,
    linear_gap,
    linear_protrusion,
    linear_width,
    lip_gap,
    lip_protrusion,
    lip_width,
    lips_met,
)


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


def test_lips_are_met_up_to_a_tenth_of_the_open_jaw() -> None:
    faces = np.stack([face(), face(jawOpen=SHUT - 0.01), face(jawOpen=SHUT + 0.01)])
    assert lips_met(faces).tolist() == [True, True, False]


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
    file = resources.files("facewire.face") / "lips.json"
    table = json.loads(file.read_text())
    assert "USC Institute for Creative Technologies" in table["source"]
    assert "MIT" in table["source"]
    assert set(table["measures"]) == set(MEASURES)
