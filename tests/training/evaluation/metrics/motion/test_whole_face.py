import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from facewire import arkit
from facewire_training.evaluation.metrics.motion.whole_face import (
    blink_rate,
    brow_height,
    brow_pitch_correlation,
    moving_shares,
    still_shapes,
)
from facewire_training.take import Take


def face(frames: int, rate: int = 30, **shapes: float | np.ndarray) -> Take:
    weights = np.zeros((frames, arkit.COUNT), np.float32)
    for name, value in shapes.items():
        weights[:, arkit.INDEX[name]] = value
    return Take(weights, Fraction(rate), ())


def test_blinks_are_counted_once_even_if_the_lid_trembles() -> None:
    lid = np.zeros(600)
    lid[100:104], lid[300:310], lid[305] = 0.9, 0.5, 0.3  # the dip stays above the lower limit
    lid[500:505] = 0.35  # a squint
    both = face(600, eyeBlinkLeft=lid, eyeBlinkRight=lid)
    assert blink_rate([both]) == pytest.approx(2 * 3)
    assert blink_rate([both, face(600)]) == pytest.approx(3)
    assert blink_rate([face(600, eyeBlinkLeft=np.minimum(lid, 0.7))]) == 0
    assert math.isnan(blink_rate([]))
    unknown = replace(both, known=np.zeros(arkit.COUNT, np.bool_))
    assert math.isnan(blink_rate([unknown]))


def test_brows_that_fall_count_against_those_that_rise() -> None:
    raised = face(3, browInnerUp=0.3, browOuterUpLeft=0.3, browOuterUpRight=0.3)
    assert brow_height(raised) == pytest.approx([0.3] * 3)
    frown = face(3, browDownLeft=0.4, browDownRight=0.2)
    assert brow_height(frown) == pytest.approx([-0.3] * 3)


def test_brows_are_held_against_the_pitch_in_octaves_where_there_is_voice() -> None:
    pitch = np.where(np.arange(200) < 100, 100.0 * 2 ** (np.arange(200) / 100), 0.0)
    octaves = np.clip(np.arange(200) / 100, 0, 1)
    follows = face(200, 100, browInnerUp=octaves, browOuterUpLeft=octaves, browOuterUpRight=octaves)
    assert brow_pitch_correlation([follows], [pitch]) == pytest.approx(1.0)
    against = face(200, 100, browDownLeft=octaves, browDownRight=octaves)
    assert brow_pitch_correlation([follows, against], [pitch, pitch]) == pytest.approx(0.0)
    assert math.isnan(brow_pitch_correlation([face(200, 100)], [pitch]))
    assert math.isnan(brow_pitch_correlation([follows], [np.zeros(200)]))


def test_shapes_move_in_the_frames_in_which_they_change_and_some_never_do() -> None:
    steps = np.repeat([0.0, 0.1, 0.1, 0.3, 0.3], 1)
    moving = face(5, jawOpen=steps, cheekPuff=0.4, mouthLeft=np.linspace(0, 0.01, 5))
    shares = moving_shares([moving])
    assert shares["jawOpen"] == pytest.approx(2 / 4)
    assert shares["mouthLeft"] == 1.0
    still = still_shapes([moving])
    assert "jawOpen" not in still
    assert {"cheekPuff", "mouthLeft", "tongueOut"} <= set(still)
    assert len(still) == 51
    known = np.array([name in ("jawOpen", "cheekPuff") for name in arkit.NAMES])
    assert still_shapes([replace(moving, known=known)]) == ["cheekPuff"]
    assert set(moving_shares([replace(moving, known=known)])) == {"jawOpen", "cheekPuff"}
