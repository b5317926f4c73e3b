from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from facewire import arkit
from facewire.face import Profile, make_face
from facewire.frames import BlendshapeFrame, StreamSpec

JAW = arkit.INDEX["jawOpen"]
CLOSE = arkit.INDEX["mouthClose"]
BROW = arkit.INDEX["browInnerUp"]
RATES = [24, 30, 60, 120]

Curve = NDArray[np.float32]


def _speak(
    rate: int, *speech: tuple[float, float], profile: Profile | None = None, **values: float
) -> Curve:
    """Return `[N, 52]` of a face whose engine holds `values`, while speech is as given.

    Speech is (seconds, probability), one after the other.
    """
    spec = StreamSpec(frame_rate=Fraction(rate))
    face = make_face(spec, profile or Profile(), idle=False)
    weights = np.zeros(52, np.float32)
    for name, value in values.items():
        weights[arkit.INDEX[name]] = value
    probabilities = [p for seconds, p in speech for _ in range(round(seconds * rate))]
    frames = [
        face.apply(BlendshapeFrame(weights, index, spec.timestamp(index), speech=probability))
        for index, probability in enumerate(probabilities)
    ]
    return np.array([frame.weights for frame in frames])


@pytest.mark.parametrize("rate", RATES)
def test_the_mouth_is_exactly_at_rest_in_silence(rate: int) -> None:
    curve = _speak(rate, (1, 1.0), (1, 0.0), jawOpen=0.6, mouthClose=0.1, mouthSmileLeft=0.3)
    begin = round(1.6 * rate)
    assert np.all(curve[begin:] == 0)


@pytest.mark.parametrize("rate", RATES)
def test_a_stream_that_begins_in_silence_begins_at_rest(rate: int) -> None:
    assert np.all(_speak(rate, (0.5, 0.1), jawOpen=0.6) == 0)


@pytest.mark.parametrize("rate", RATES)
def test_rest_waits_for_150_ms_and_takes_330(rate: int) -> None:
    jaw = _speak(rate, (1, 1.0), (1, 0.0), jawOpen=0.6)[:, JAW]
    last_of_speech = rate - 1
    held = last_of_speech + int(0.15 * rate)
    assert np.all(jaw[rate // 2 : held + 1] == np.float32(0.6))
    halfway = last_of_speech + round((0.15 + 0.165) * rate)
    assert jaw[halfway] == pytest.approx(0.3, abs=0.6 * 0.75 / 0.33 / rate)
    assert jaw[last_of_speech + round(0.45 * rate)] > 0
    assert np.all(np.diff(jaw[held:]) <= 0)


@pytest.mark.parametrize("rate", RATES)
def test_the_mouth_is_awake_50_ms_after_speech_begins(rate: int) -> None:
    jaw = _speak(rate, (1, 0.0), (1, 1.0), jawOpen=0.6)[:, JAW]
    assert jaw[rate - 1] == 0
    assert jaw[rate] >= 0.6 * min(1, 0.99 / rate / 0.05)
    awake = rate + int(np.ceil(0.05 * rate)) - 1
    np.testing.assert_allclose(jaw[awake:], 0.6, rtol=1e-6)


@pytest.mark.parametrize("rate", RATES)
def test_nothing_pops(rate: int) -> None:
    jaw = _speak(rate, (0.5, 0.0), (1, 1.0), (1, 0.0), (0.1, 1.0), (1, 0.0), jawOpen=1.0)[:, JAW]
    steps = np.diff(jaw)
    assert steps.max() <= 1 / rate / 0.05 + 1e-6
    assert -steps.min() <= 1.5 / rate / 0.33 + 1e-6


def test_short_gaps_do_not_move_the_mouth() -> None:
    gaps = [(0.1, 0.0), (0.05, 1.0)] * 10
    jaw = _speak(60, (0.5, 1.0), *gaps, jawOpen=0.6)[:, JAW]
    assert np.all(jaw[30:] == np.float32(0.6))


def test_speech_that_comes_back_during_the_ease_goes_on_from_there() -> None:
    jaw = _speak(60, (0.5, 1.0), (0.3, 0.0), (0.3, 1.0), jawOpen=0.6)[:, JAW]
    assert 0 < jaw[47] < 0.6
    assert np.all(np.diff(jaw[47:]) >= 0)
    assert jaw[-1] == np.float32(0.6)


def test_closures_stay_closed_while_the_mouth_wakes() -> None:
    curve = _speak(120, (0.2, 0.0), (0.2, 1.0), jawOpen=0.3, mouthClose=0.3)
    np.testing.assert_allclose(curve[:, JAW], curve[:, CLOSE], atol=1e-7)


def test_the_upper_face_does_not_rest() -> None:
    curve = _speak(60, (0.5, 1.0), (1, 0.0), browInnerUp=0.4, eyeSquintLeft=0.2)
    assert np.all(curve[:, BROW] == np.float32(0.4))
    assert np.all(curve[:, arkit.INDEX["eyeSquintLeft"]] == np.float32(0.2))


def test_a_character_rests_in_its_own_pose() -> None:
    profile = Profile(bs_weight_offsets={"mouthSmileLeft": 0.2}, lip_close_offset=0.05)
    curve = _speak(60, (0.5, 1.0), (1, 0.0), profile=profile, jawOpen=0.5, mouthSmileLeft=0.5)
    expected = np.zeros(52, np.float32)
    expected[arkit.INDEX["mouthSmileLeft"]] = 0.2
    expected[JAW] = 0.05
    np.testing.assert_array_equal(curve[-1], expected)


def test_the_path_to_rest_is_the_same_at_every_frame_rate() -> None:
    slow, *others = (
        _speak(rate, (1, 1.0), (1, 0.0), jawOpen=0.6)[:: rate // 30, JAW] for rate in (30, 60, 120)
    )
    for other in others:
        # Speech ends up to one slow frame earlier where frames are closer together.
        np.testing.assert_allclose(other[3:], slow[3:], atol=0.6 * 1.5 / 30 / 0.33)
