import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from facewire import arkit
from facewire_training import shape_sets
from facewire_training.evaluation.metrics.errors.mesh_error import LipMesh
from facewire_training.evaluation.metrics.errors.weight_error import (
    face_dynamics_deviation,
    lip_vertex_error,
    lip_vertex_error_12,
    lip_vertex_error_16,
    lip_vertex_error_squared,
    mean_vertex_error,
)
from facewire_training.take import Take


def take(frames: int = 2, rate: Fraction = Fraction(30), **shapes: float | list[float]) -> Take:
    weights = np.zeros((frames, arkit.COUNT), np.float32)
    for name, value in shapes.items():
        weights[:, arkit.INDEX[name]] = value
    return Take(weights, rate, ())


def test_the_paper_counts_alphabetically_and_we_map_by_name() -> None:
    assert len(shape_sets.ALPHABETICAL) == 51
    assert (shape_sets.ALPHABETICAL[0], shape_sets.ALPHABETICAL[50]) == (
        "browDownLeft",
        "noseSneerRight",
    )
    assert (shape_sets.ALPHABETICAL[22], shape_sets.ALPHABETICAL[26]) == (
        "jawForward",
        "mouthClose",
    )
    mouth = {arkit.NAMES[place] for place in shape_sets.MOUTH}
    assert mouth == {name for name in arkit.NAMES if name.startswith(("jaw", "mouth"))}
    upper = {arkit.NAMES[place] for place in shape_sets.UPPER_FACE}
    assert upper == set(shape_sets.ALPHABETICAL) - mouth
    small = {arkit.NAMES[place] for place in shape_sets.MOUTH_16}
    assert len(small) == 16
    assert {"jawOpen", "mouthClose", "mouthPucker", "mouthUpperUpRight"} <= small <= mouth


def test_lve_is_the_norm_of_the_error_of_jaw_and_mouth() -> None:
    ours, true = take(jawOpen=0.5, browInnerUp=1.0), take(jawOpen=0.2, mouthPucker=0.4)
    assert lip_vertex_error([ours], [true]) == pytest.approx(0.5)
    assert lip_vertex_error_squared([ours], [true]) == pytest.approx(0.25)
    assert mean_vertex_error([ours], [true]) == pytest.approx(math.sqrt(0.25 + 1))


def test_the_variant_of_16_leaves_out_rolled_lips() -> None:
    ours, true = take(jawOpen=0.3, mouthRollLower=0.4), take()
    assert lip_vertex_error([ours], [true]) == pytest.approx(0.5)
    assert lip_vertex_error_16([ours], [true]) == pytest.approx(0.3)


def test_the_variant_of_12_leaves_out_the_jaw_and_counts_rolled_lips() -> None:
    ours, true = take(jawOpen=0.9, mouthClose=0.9, mouthRollLower=0.3, mouthPucker=0.4), take()
    assert lip_vertex_error_12([ours], [true]) == pytest.approx(0.5)
    names = {arkit.NAMES[place] for place in shape_sets.MOUTH_12}
    sides = ("jaw", "mouthDimple", "mouthUpperUp")
    assert names == {f"{shape}{side}" for shape in sides for side in ("Left", "Right")} | {
        "mouthFunnel", "mouthPucker", "mouthRollLower", "mouthRollUpper", "mouthShrugLower",
        "mouthShrugUpper",
    }  # fmt: skip


def test_lve_is_averaged_over_frames_and_then_over_takes() -> None:
    two_and_four = take(2, jawOpen=[0.2, 0.4])
    six = take(10, jawOpen=0.6)
    found = lip_vertex_error([two_and_four, six], [take(2), take(10)])
    assert found == pytest.approx((0.3 + 0.6) / 2)


def test_ours_is_brought_to_the_frame_rate_of_the_reference() -> None:
    rising = take(5, Fraction(60), jawOpen=[0.0, 0.1, 0.2, 0.3, 0.4])
    assert lip_vertex_error([rising], [take(3, jawOpen=[0.0, 0.2, 0.4])]) == pytest.approx(0.0)


def test_fdd_says_how_much_less_the_upper_face_moves() -> None:
    # Squares 0 and 0.64 deviate by 0.32 from their mean, 0 and 0.16 by 0.08.
    true, ours = take(2, browInnerUp=[0.0, 0.8]), take(2, browInnerUp=[0.0, 0.4])
    assert face_dynamics_deviation([ours], [true]) == pytest.approx(0.32 - 0.08)
    assert face_dynamics_deviation([true], [ours]) == pytest.approx(0.08 - 0.32)
    assert face_dynamics_deviation([take(2, jawOpen=[0.0, 1.0])], [take()]) == 0.0


def test_the_mesh_error_is_that_of_the_farthest_vertex() -> None:
    moves = np.zeros((arkit.COUNT, 2, 3))
    moves[arkit.INDEX["jawOpen"], 0] = (0.0, -30.0, 40.0)
    moves[arkit.INDEX["mouthPucker"], 1] = (0.0, 0.0, 10.0)
    ours, true = take(2, jawOpen=[0.1, 0.0], mouthPucker=[0.2, 0.3]), take(2)
    # First frame: 5 mm and 2 mm; second: 0 and 3 mm.
    assert LipMesh(moves).error_mm([ours], [true]) == pytest.approx((5 + 3) / 2)


def test_shapes_that_were_not_captured_do_not_count() -> None:
    known = np.array([name in ("jawOpen", "mouthPucker") for name in arkit.NAMES])
    ours = take(jawOpen=0.5, mouthFunnel=0.8, browInnerUp=1.0)
    true = replace(take(jawOpen=0.2, mouthPucker=0.4), known=known)
    assert lip_vertex_error([ours], [true]) == pytest.approx(0.5)
    assert math.isnan(mean_vertex_error([ours], [true]))
    assert math.isnan(face_dynamics_deviation([ours], [true]))
    assert math.isnan(LipMesh(np.ones((arkit.COUNT, 2, 3))).error_mm([ours], [true]))
    brows = replace(true, known=known | (np.array(arkit.NAMES) == "browInnerUp"))
    assert mean_vertex_error([ours], [brows]) == pytest.approx(math.sqrt(0.25 + 1))


def test_nothing_has_no_error_and_takes_need_their_references() -> None:
    for metric in (lip_vertex_error, mean_vertex_error, face_dynamics_deviation):
        assert math.isnan(metric([], []))
        with pytest.raises(ValueError, match="shorter"):
            metric([take(), take()], [take()])
