from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from facewire import arkit
from facewire.emotion import NAMES, NEUTRAL, Emotion, emotion_of
from facewire.errors import ConfigError
from facewire.face import Profile, make_face
from facewire.face.calibration import constrain
from facewire.face.emotion.layer import EmotionLayer
from facewire.face.gap_keeper import UNSEEN
from facewire.face.lips import SHUT, labiodental_gap, lip_gap, lip_width
from facewire.frames import BlendshapeFrame, StreamSpec, Weights

SPEC = StreamSpec()
P = {"jawOpen": 0.25, "mouthClose": 0.22}
"""Lips shut, as for p."""
A = {"jawOpen": 0.55}
OO = {"jawOpen": 0.2, "mouthFunnel": 0.3, "mouthPucker": 0.5}
F = {"jawOpen": 0.08, "mouthRollLower": 0.5, "mouthUpperUpLeft": 0.2, "mouthUpperUpRight": 0.2}


def pose(values: dict[str, float]) -> Weights:
    weights = np.zeros(arkit.COUNT, np.float32)
    for name, value in values.items():
        weights[arkit.INDEX[name]] = value
    return weights


def felt(name: str, share: float = 1.0) -> Emotion:
    return emotion_of({name: share})


def shown(weights: Weights, emotion: Emotion) -> Weights:
    """Return a face that has felt it for long."""
    face = weights.copy()
    EmotionLayer(0.5).apply(face, (0, 0, 0), emotion, 0.0)
    return face


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("values", [P, A, OO, F, {}])
def test_the_lips_stay_as_far_apart_as_speech_has_them(name: str, values: dict[str, float]) -> None:
    spoken = pose(values)
    face = shown(spoken, felt(name))
    assert lip_gap(face) == pytest.approx(float(lip_gap(spoken)), abs=UNSEEN + 1e-5)
    assert np.abs(face - spoken).max() > 0.09


@settings(max_examples=200, deadline=None)
@given(
    arrays.arrays(np.float32, arkit.COUNT, elements=st.floats(0, 1, width=32)),
    st.lists(st.floats(0, 1), min_size=8, max_size=8),
)
def test_whatever_is_said_and_felt_lips_that_meet_go_on_meeting(
    spoken: Weights, shares: Sequence[float]
) -> None:
    constrain(spoken)
    face = shown(spoken, Emotion(tuple(shares)))
    assert np.isfinite(face).all()
    assert face.min() >= 0
    assert face.max() <= 1
    if lip_gap(spoken) <= SHUT - UNSEEN:
        assert lip_gap(face) <= SHUT + 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_round_lips_stay_round_and_the_lip_stays_at_the_teeth(name: str) -> None:
    assert lip_width(shown(pose(OO), felt(name))) == pytest.approx(
        float(lip_width(pose(OO))), abs=0.05
    )
    assert labiodental_gap(shown(pose(F), felt(name))) < labiodental_gap(pose(F)) + 0.05


def test_shut_lips_smile() -> None:
    face = shown(pose({}), felt("happy"))
    assert face[arkit.INDEX["mouthSmileLeft"]] > 0.5
    assert face[arkit.INDEX["cheekSquintLeft"]] > 0.6
    assert shown(pose({}), felt("disgusted"))[arkit.INDEX["noseSneerLeft"]] > 0.55


EXPECTED = {
    "happy": ("mouthSmileLeft", "cheekSquintLeft"),
    "angry": ("browDownLeft", "eyeSquintLeft"),
    "sad": ("browInnerUp", "mouthFrownLeft"),
    "afraid": ("browInnerUp", "eyeWideLeft", "mouthStretchLeft"),
    "disgusted": ("noseSneerLeft",),
    "melancholic": ("browInnerUp", "eyeBlinkLeft"),
    "surprised": ("browInnerUp", "browOuterUpLeft", "eyeWideLeft"),
    "calm": ("eyeBlinkLeft",),
}
"""Shapes by which people know it."""


@pytest.mark.parametrize("name", NAMES)
def test_each_is_told_by_its_own_action_units(name: str) -> None:
    faces = {other: shown(pose({}), felt(other)) for other in NAMES}
    for shape in EXPECTED[name]:
        assert faces[name][arkit.INDEX[shape]] >= 0.1
    nearest = [other for other in NAMES if np.allclose(faces[other], faces[name])]
    assert nearest == [name]


def test_more_of_it_shows_more_and_several_together_are_no_more_than_one_whole() -> None:
    smile = arkit.INDEX["mouthSmileLeft"]
    amounts = [shown(pose(A), felt("happy", share))[smile] for share in (0, 0.25, 0.5, 0.75, 1)]
    assert amounts == sorted(amounts)
    assert amounts[0] == 0
    all_at_once = shown(pose({}), Emotion((1.0,) * 8))
    assert all_at_once.max() < 0.9


def stream(
    emotions: Sequence[Emotion | None], profile: Profile, *, idle: bool = False
) -> list[BlendshapeFrame]:
    """Return the faces of somebody who says "a" and feels one thing after another."""
    face = make_face(SPEC, profile, idle=idle)
    frames = (
        BlendshapeFrame(pose(A), index, SPEC.timestamp(index), emotion=emotion)
        for index, emotion in enumerate(emotions)
    )
    return [face.apply(frame) for frame in frames]


def test_a_change_takes_its_time_and_jumps_nowhere() -> None:
    profile = Profile(live_transition_time=0.5)
    frames = stream([NEUTRAL] * 30 + [felt("happy")] * 60 + [None] * 60, profile)
    smile = np.array([frame.weights[arkit.INDEX["mouthSmileLeft"]] for frame in frames])
    assert smile[29] == 0
    assert smile[60] == pytest.approx(0.95 * smile[89], rel=0.02)
    assert np.abs(np.diff(smile)).max() < 0.05
    assert smile[-1] < 0.01 * smile[89]
    at_once = stream([NEUTRAL] * 3 + [felt("happy")], Profile(live_transition_time=0))
    assert at_once[3].weights[arkit.INDEX["mouthSmileLeft"]] == pytest.approx(0.6, abs=0.01)


def test_the_profile_counts_where_the_frame_says_nothing_and_strength_is_of_all() -> None:
    smile = arkit.INDEX["mouthSmileLeft"]
    own = Profile(emotion={"happy": 1.0})
    assert stream([None], own)[0].weights[smile] == pytest.approx(0.6, abs=0.01)
    assert stream([NEUTRAL], own)[0].weights[smile] == 0
    assert stream([felt("happy")], Profile())[0].weights[smile] == pytest.approx(0.6, abs=0.01)
    half = replace_strength(own, 0.5)
    assert stream([None], half)[0].weights[smile] == pytest.approx(0.3, abs=0.01)
    assert stream([None], replace_strength(own, 0.0))[0].weights[smile] == 0


def replace_strength(profile: Profile, strength: float) -> Profile:
    return Profile(emotion=profile.emotion, emotion_strength=strength)


def test_who_feels_nothing_has_the_face_of_before_to_the_bit() -> None:
    plain = stream([None] * 200, Profile(), idle=True)
    for one, other in zip(stream([NEUTRAL] * 200, Profile(), idle=True), plain, strict=True):
        np.testing.assert_array_equal(one.weights, other.weights)
        assert one.head == other.head


def test_the_head_bends_with_it() -> None:
    (sad,) = stream([felt("sad")], Profile())
    assert sad.head[1] == pytest.approx(0.08)
    (plain,) = stream([NEUTRAL], Profile())
    assert plain.head == (0, 0, 0)


@pytest.mark.parametrize("wrong", [{"joyful": 1.0}, {"happy": float("nan")}])
def test_a_profile_with_a_wrong_emotion_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises((ValueError, ConfigError)):
        Profile(emotion=wrong)
