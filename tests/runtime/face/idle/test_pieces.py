"""Each piece of idle motion by itself."""

import math
import random
from fractions import Fraction

import numpy as np
import pytest
from msgspec import structs
from numpy.typing import NDArray
from tests.runtime.face.idle.takes import Take, phrases, silence, take

from facewire import arkit
from facewire.face import Profile, make_face
from facewire.face.activity import SpeechActivity
from facewire.face.gap_keeper import UNSEEN, GapKeeper
from facewire.face.idle.amounts import BROW_FINE, BROW_SWAY, EYES_WIDE
from facewire.face.idle.breath import Breath
from facewire.face.idle.brow import BrowMotion, move_brows
from facewire.face.idle.companions import Companions
from facewire.face.idle.drift import DEVIATION, Drift
from facewire.face.idle.sides import SideMotion, Sides, move_sides
from facewire.face.lips import lip_gap
from facewire.frames import BlendshapeFrame, StreamSpec, Weights

Curve = NDArray[np.float32]


def weights(**values: float) -> Weights:
    face = np.zeros(arkit.COUNT, np.float32)
    for name, value in values.items():
        face[arkit.INDEX[name]] = value
    return face


def curve(shown: Take, name: str) -> Curve:
    return shown.weights[:, arkit.INDEX[name]]


def test_a_drift_is_smooth_bounded_and_never_the_same_minute() -> None:
    drift = Drift(random.Random(3))
    values = np.array([drift.at(step / 30) for step in range(30 * 600)])
    assert np.abs(values).max() <= 1
    assert values.std() == pytest.approx(DEVIATION, rel=0.15)
    assert np.abs(np.diff(values)).max() < 0.05
    minutes = values.reshape(10, -1)
    assert np.abs(np.corrcoef(minutes) - np.eye(10)).max() < 0.9


def test_lids_go_up_with_whole_brows_and_not_with_their_inner_ends() -> None:
    wide = []
    for outer in (0.0, 0.6):
        face = weights(browInnerUp=0.8, browOuterUpLeft=outer, browOuterUpRight=outer)
        move_brows(face, BrowMotion(raised=0.1, sway=0.0, tilt=0.0), strength=1.0)
        wide.append(face[arkit.INDEX["eyeWideLeft"]])
    assert wide[0] == pytest.approx(0.1 * EYES_WIDE)
    assert wide[1] == pytest.approx(0.8 * EYES_WIDE)


def test_the_brows_of_the_engine_count_once() -> None:
    face = weights(browInnerUp=0.3, browOuterUpLeft=0.1)
    move_brows(face, BrowMotion(raised=0.2, sway=0.0, tilt=0.0), strength=1.0)
    assert face[arkit.INDEX["browInnerUp"]] == np.float32(0.3)
    assert face[arkit.INDEX["browOuterUpLeft"]] == np.float32(0.12)
    assert face[arkit.INDEX["browDownLeft"]] == 0


def test_brows_below_their_rest_are_lowered_each_by_its_own_height() -> None:
    face = weights()
    move_brows(face, BrowMotion(raised=0.0, sway=-0.05, tilt=0.02), strength=1.0)
    down = [float(face[arkit.INDEX[f"browDown{side}"]]) for side in ("Left", "Right")]
    assert 0 < down[0] < down[1]
    assert face[arkit.INDEX["browInnerUp"]] == 0


def test_brows_fall_in_speech_as_well_as_rise() -> None:
    spoken, silent = take(120), take(120, speech=silence)
    lowered = curve(spoken, "browDownLeft")
    assert 0.05 < lowered.max() < 0.45
    assert curve(spoken, "browInnerUp").max() > 0.05
    assert lowered.mean() > 1.2 * curve(silent, "browDownLeft").mean()


def test_an_engine_that_raises_the_brows_is_not_doubled() -> None:
    spec = StreamSpec(frame_rate=Fraction(60))
    face = make_face(spec)
    shown = []
    for index in range(60 * 20):
        jaw = 0.4 * math.sin(math.pi * index / 15) ** 2
        frame = BlendshapeFrame(
            weights(jawOpen=jaw, browInnerUp=0.4), index, spec.timestamp(index), speech=1.0
        )
        shown.append(face.apply(frame).weights[arkit.INDEX["browInnerUp"]])
    assert max(shown) <= 0.4 + BROW_SWAY + BROW_FINE


def held(frames: int, rate: int, **values: float) -> Weights:
    """Return what companions make of so many frames of the same face."""
    companions = Companions(Profile())
    face = weights(**values)
    for _ in range(frames):
        face = weights(**values)
        companions.step(face, 1 / rate)
    return face


def test_cheeks_rise_with_a_smile_on_its_own_side() -> None:
    face = held(60, 60, mouthSmileLeft=0.6, mouthUpperUpRight=0.4)
    left, right = (face[arkit.INDEX[f"cheekSquint{side}"]] for side in ("Left", "Right"))
    assert left == pytest.approx(0.15, abs=0.005)
    assert right == 0
    assert face[arkit.INDEX["noseSneerRight"]] > face[arkit.INDEX["noseSneerLeft"]] > 0


def test_companions_come_after_and_are_as_late_at_any_frame_rate() -> None:
    reached = [
        float(held(rate // 10, rate, mouthPucker=0.5)[arkit.INDEX["mouthShrugLower"]])
        for rate in (30, 60, 120)
    ]
    assert 0.05 < reached[0] < 0.1
    assert reached == pytest.approx([reached[0]] * 3, abs=1e-5)


def test_companions_of_an_engine_that_moves_them_itself_are_left() -> None:
    face = weights(mouthSmileLeft=0.6, cheekSquintLeft=0.5)
    Companions(Profile()).step(face, 10.0)
    assert face[arkit.INDEX["cheekSquintLeft"]] == 0.5


def test_what_both_sides_do_together_stays() -> None:
    face = weights(mouthSmileLeft=0.4, mouthSmileRight=0.4, mouthUpperUpLeft=0.2)
    before = face.copy()
    move_sides(face, SideMotion(0.0, 0.0, 0.0, 0.0, lean=0.1), strength=1.0)
    left, right = (float(face[arkit.INDEX[f"mouthSmile{side}"]]) for side in ("Left", "Right"))
    assert (left, right) == pytest.approx((0.44, 0.36))
    # A side that does nothing has nothing to give.
    assert face[arkit.INDEX["mouthUpperUpLeft"]] == before[arkit.INDEX["mouthUpperUpLeft"]]
    assert face[arkit.INDEX["mouthUpperUpRight"]] == 0


def test_the_mouth_goes_further_aside_when_it_opens() -> None:
    shut, wide = [], []
    for seed in range(20):
        sides = Sides(seed)
        shut += [abs(sides.at(second, 1.0, 0.0).mouth) for second in range(60)]
        wide += [abs(sides.at(second, 1.0, 0.5).mouth) for second in range(60)]
    assert np.mean(wide) > 1.5 * np.mean(shut) > 0
    assert max(wide) < 0.2


@pytest.mark.parametrize("moved", ["noseSneerLeft", "mouthShrugUpper", "mouthShrugLower"])
@pytest.mark.parametrize(
    "spoken",
    [
        {},
        {"jawOpen": 0.3},
        {"jawOpen": 0.3, "mouthClose": 0.3},
        {"jawOpen": 0.3, "mouthClose": 0.26},
        {"jawOpen": 1.0, "mouthFunnel": 0.2},
        {"mouthFunnel": 0.1},
        {"mouthPressLeft": 0.4, "mouthPressRight": 0.4},
    ],
)
def test_no_motion_changes_the_gap(moved: str, spoken: dict[str, float]) -> None:
    said = weights(**spoken)
    face = said.copy()
    face[arkit.INDEX[moved]] += np.float32(0.3)
    GapKeeper().keep(face, said, float(lip_gap(said)))
    assert float(lip_gap(face)) == pytest.approx(float(lip_gap(said)), abs=UNSEEN + 1e-6)
    assert np.all((face >= 0) & (face <= 1))
    assert face[arkit.INDEX["mouthClose"]] <= face[arkit.INDEX["jawOpen"]]


def breathing(rate: int, calm: float) -> NDArray[np.float64]:
    activity, breath, seen = SpeechActivity(), Breath(0), []
    for index in range(12 * rate):
        activity.step(phrases(index / rate), 1 / rate)
        seen.append(breath.step(index / rate, activity, calm))
    return np.array(seen)


def test_a_breath_comes_after_each_phrase_and_is_over_before_long() -> None:
    seen = breathing(60, calm=0.0)
    phase = np.arange(len(seen)) / 60 % 4
    assert seen[(phase > 3.4) & (phase < 3.7)].min() > 0.3
    assert np.all(seen[(phase > 0.6) & (phase < 3.0)] == 0)
    assert seen.max() <= 1
    np.testing.assert_allclose(breathing(30, calm=0.0), seen[::2], atol=0.1)


def test_somebody_who_is_silent_for_long_breathes_quietly() -> None:
    seen = breathing(60, calm=1.0)
    assert seen[:170].max() <= 0.35
    assert np.ptp(seen[:170]) > 0.1


@pytest.mark.parametrize(
    ("knob", "shapes"),
    [
        ("brow_strength", ("browDownLeft", "browInnerUp")),
        ("cheek_strength", ("cheekSquintLeft", "eyeSquintLeft")),
        ("nose_chin_strength", ("mouthShrugLower",)),
        ("asymmetry_strength", ("mouthLeft", "mouthRight", "jawLeft")),
    ],
)
def test_each_group_has_one_gain(knob: str, shapes: tuple[str, ...]) -> None:
    strengths = (0.0, 1.0, 2.0)
    off, usual, double = (
        take(30, profile=structs.replace(Profile(), **{knob: strength}), pucker=0.3)
        for strength in strengths
    )
    for shape in shapes:
        assert curve(off, shape).max() == 0, shape
        assert curve(double, shape).max() > 1.5 * curve(usual, shape).max() > 0, shape
