import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from facewire import arkit
from facewire.face import Face, Profile, make_face
from facewire.frames import BlendshapeFrame, Stamps, StreamSpec, Weights

SPEC = StreamSpec(frame_rate=Fraction(60))
JAW, CLOSE = arkit.INDEX["jawOpen"], arkit.INDEX["mouthClose"]


def _frame(index: int, weights: Weights | None = None, speech: float = 1.0) -> BlendshapeFrame:
    shown = np.zeros(52, np.float32) if weights is None else weights
    return BlendshapeFrame(shown, index, SPEC.timestamp(index), speech=speech)


def _stream(count: int, seed: int = 0) -> list[BlendshapeFrame]:
    generator = np.random.default_rng(seed)
    return [
        _frame(index, generator.random(52, np.float32), float(index // 50 % 2))
        for index in range(count)
    ]


def _awake(profile: Profile | None = None) -> Face:
    """Return a face without idle motion that has spoken long enough to be fully awake."""
    face = make_face(SPEC, profile or Profile(), idle=False)
    for index in range(10):
        face.apply(_frame(index))
    return face


def test_everything_but_the_face_is_kept() -> None:
    stamps = Stamps(1, 2, 3, 4, 0)
    frame = replace(_frame(7), turn=3, speech=0.625, stamps=stamps)
    shown = make_face(SPEC).apply(frame)
    assert (shown.index, shown.timestamp, shown.turn) == (7, SPEC.timestamp(7), 3)
    assert shown.speech == 0.625
    assert shown.stamps == stamps


def test_the_frame_of_the_engine_is_not_changed() -> None:
    weights = np.full(52, 0.5, np.float32)
    weights.flags.writeable = False
    face = make_face(SPEC, Profile(lower_face_smoothing=0.1))
    for index in range(20):
        shown = face.apply(_frame(index, weights, speech=float(index > 10)))
        assert shown.weights is not weights
        assert shown.weights.dtype == np.float32
        assert shown.weights.shape == (52,)
    assert np.all(weights == 0.5)


def test_shown_frames_do_not_share_memory() -> None:
    face = make_face(SPEC, Profile(lower_face_smoothing=0.1))
    first = face.apply(_frame(0, np.full(52, 0.5, np.float32)))
    before = first.weights.copy()
    face.apply(_frame(1, np.ones(52, np.float32)))
    np.testing.assert_array_equal(first.weights, before)


def test_the_same_frames_give_the_same_face() -> None:
    profile = Profile(lower_face_smoothing=0.05, lower_face_strength=1.3)
    one, other = make_face(SPEC, profile, seed=3), make_face(SPEC, profile, seed=3)
    interloper = make_face(SPEC, profile, seed=4)
    for frame in _stream(300):
        shown = one.apply(frame)
        interloper.apply(frame)
        again = other.apply(frame)
        np.testing.assert_array_equal(shown.weights, again.weights)
        assert shown.head == again.head


def test_without_idle_the_head_is_the_engines() -> None:
    frame = replace(_frame(0), head=(0.1, 0.2, 0.3))
    assert make_face(SPEC, idle=False).apply(frame).head == (0.1, 0.2, 0.3)


def test_idle_motion_of_the_head_is_added_to_the_engines() -> None:
    plain, turned = make_face(SPEC), make_face(SPEC)
    for index in range(100):
        own = plain.apply(_frame(index)).head
        both = turned.apply(replace(_frame(index), head=(0.1, 0.2, 0.3))).head
        assert both == pytest.approx((own[0] + 0.1, own[1] + 0.2, own[2] + 0.3))


def test_mouth_close_is_never_more_than_jaw_open() -> None:
    face = _awake(Profile(bs_weight_multipliers={"mouthClose": 3.0}))
    weights = np.zeros(52, np.float32)
    weights[JAW], weights[CLOSE] = 0.3, 0.2
    shown = face.apply(_frame(10, weights)).weights
    assert shown[CLOSE] == shown[JAW] == np.float32(0.3)


weights_of_any_kind = arrays.arrays(
    np.float32, 52, elements=st.floats(width=32, allow_nan=True, allow_infinity=True)
)


@settings(max_examples=200)
@given(
    stream=st.lists(
        st.tuples(weights_of_any_kind, st.floats(), st.integers(0, 100)), min_size=1, max_size=8
    ),
    profile=st.sampled_from(
        [
            Profile(),
            Profile(
                enable_clamping_bs_weight=False,
                lower_face_smoothing=0.1,
                bs_weight_multipliers={"jawOpen": 10.0},
            ),
            Profile(eyelid_offset=-1, lip_close_offset=-0.2, upper_face_strength=2),
        ]
    ),
    idle=st.booleans(),
)
def test_whatever_the_engine_says_the_face_is_a_face(
    stream: list[tuple[Weights, float, int]], profile: Profile, idle: bool
) -> None:
    face = make_face(SPEC, profile, idle=idle)
    for weights, speech, index in stream:
        shown = face.apply(_frame(index, weights, speech))
        assert np.all((shown.weights >= 0) & (shown.weights <= 1))
        assert shown.weights[CLOSE] <= shown.weights[JAW]
        assert all(map(math.isfinite, shown.head))
        assert math.isfinite(shown.speech)


def test_weights_that_are_not_finite_keep_their_last_value() -> None:
    face = _awake()
    good = np.full(52, 0.25, np.float32)
    bad = good.copy()
    bad[JAW], bad[0] = np.nan, np.inf
    bad[1] = 0.75
    face.apply(_frame(10, good))
    shown = face.apply(_frame(11, bad)).weights
    assert shown[JAW] == 0.25
    assert shown[0] == 0.25
    assert shown[1] == 0.75


def test_weights_that_were_never_finite_are_zero() -> None:
    shown = make_face(SPEC, idle=False).apply(_frame(0, np.full(52, np.nan, np.float32)))
    assert np.all(shown.weights == 0)


def test_a_broken_probability_keeps_its_last_value() -> None:
    face = _awake()
    shown = face.apply(_frame(10, np.full(52, 0.5, np.float32), speech=math.nan))
    assert shown.speech == 1.0
    assert shown.weights[JAW] == 0.5


def test_missing_frames_do_not_change_the_pace() -> None:
    """Seven frames of eight are lost: the face rests at the same time, and blinks do too."""
    whole, sparse = make_face(SPEC), make_face(SPEC)
    weights = np.full(52, 0.5, np.float32)
    for index in range(1200):
        frame = _frame(index, weights, speech=float(index < 600))
        shown = whole.apply(frame)
        if index % 8 == 0:
            seen = sparse.apply(frame)
            assert abs(float(shown.weights[JAW] - seen.weights[JAW])) < 0.4
            if index >= 640:
                np.testing.assert_array_equal(shown.weights[JAW], seen.weights[JAW])
            np.testing.assert_allclose(shown.head, seen.head, atol=0.02)


def test_an_hour_without_frames_is_survived() -> None:
    face = make_face(SPEC)
    face.apply(_frame(0))
    shown = face.apply(_frame(60 * 3600, np.full(52, 0.5, np.float32)))
    assert np.all(np.isfinite(shown.weights))
    assert shown.weights[JAW] == 0.5


def test_a_frame_that_comes_twice_or_late_moves_nothing_on() -> None:
    face = _awake()
    weights = np.full(52, 0.5, np.float32)
    for _ in range(100):
        shown = face.apply(_frame(9, weights, speech=0.0))
    assert shown.weights[JAW] == 0.5
    face.apply(_frame(3, weights, speech=0.0))
    assert face.apply(_frame(4, weights, speech=0.0)).weights[JAW] == 0.5


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(30_000, 1001), Fraction(120), Fraction(1)])
def test_any_frame_rate_will_do(rate: Fraction) -> None:
    spec = StreamSpec(frame_rate=rate)
    face = make_face(spec, Profile(lower_face_smoothing=0.02))
    for index in range(200):
        weights = np.full(52, index % 2, np.float32)
        shown = face.apply(BlendshapeFrame(weights, index, spec.timestamp(index)))
        assert np.all((shown.weights >= 0) & (shown.weights <= 1))
