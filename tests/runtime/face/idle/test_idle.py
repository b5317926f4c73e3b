from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.runtime.face.idle.takes import Take, phrases, silence
from tests.runtime.face.idle.takes import take as _take

from facewire import arkit
from facewire.face import Profile, make_face
from facewire.face.gap_keeper import UNSEEN
from facewire.face.idle.amounts import BROW_TILT
from facewire.face.lips import lip_gap
from facewire.frames import BlendshapeFrame, StreamSpec

LEFT, RIGHT = arkit.INDEX["eyeBlinkLeft"], arkit.INDEX["eyeBlinkRight"]
JAW = arkit.INDEX["jawOpen"]
BROW = arkit.INDEX["browInnerUp"]
MOUTH = [i for i, name in enumerate(arkit.NAMES) if name.startswith(("jaw", "mouth", "tongue"))]
TEN_MINUTES = 600

_WAYS = ("In", "Out", "Up", "Down")
_LOOKS = [f"{way}{eye}" for way in _WAYS for eye in ("Left", "Right")]


def _blinks(take: Take) -> NDArray[np.float64]:
    """Return when blinks began, in seconds."""
    closed = take.weights[:, LEFT] > 0
    return take.time[1:][closed[1:] & ~closed[:-1]]


@pytest.mark.parametrize("speech", [silence, phrases])
@pytest.mark.parametrize("seed", range(4))
def test_blinks_come_12_to_20_times_a_minute(speech: Callable[[float], float], seed: int) -> None:
    blinks = _blinks(_take(TEN_MINUTES, seed=seed, speech=speech))
    assert 12 <= len(blinks) / 10 <= 20
    intervals = np.diff(blinks)
    assert intervals.min() > 0.6
    assert intervals.max() < 20
    assert np.median(intervals) < intervals.mean()
    assert 0.3 < intervals.std() / intervals.mean() < 0.9


def test_the_ends_of_phrases_bring_more_blinks() -> None:
    after_phrase = rest = 0
    for seed in range(2):
        phase = _blinks(_take(TEN_MINUTES, seed=seed)) % 4.0
        near = (phase >= 3.1) & (phase < 3.5)
        after_phrase += int(near.sum())
        rest += int((~near).sum())
    assert after_phrase / 0.4 > 2 * rest / 3.6


def test_blink_interval_is_a_knob() -> None:
    profile = Profile(blink_interval=10.0)
    blinks = _blinks(_take(TEN_MINUTES, speech=silence, profile=profile))
    assert np.diff(blinks).mean() == pytest.approx(10.0, rel=0.25)


@pytest.mark.parametrize("rate", [24, 30, 60, 120])
def test_blinks_close_faster_than_they_open_and_close_fully(rate: int) -> None:
    take = _take(60, rate=rate, speech=silence)
    lids = take.weights[:, LEFT]
    edges = np.flatnonzero(np.diff((lids > 0).astype(int)))
    whole = [lids[a : b + 2] for a, b in zip(edges[::2], edges[1::2], strict=False)]
    assert len(whole) >= 10
    peaks = np.array([blink.max() for blink in whole])
    closing = np.array([blink.argmax() for blink in whole]) / rate
    opening = np.array([len(blink) - 1 - blink.argmax() for blink in whole]) / rate
    assert peaks.min() > 0.85
    assert 0.05 < closing.mean() < 0.15
    assert 0.12 < opening.mean() < 0.24


def test_both_eyes_blink_alike() -> None:
    take = _take(120)
    np.testing.assert_array_equal(take.weights[:, LEFT], take.weights[:, RIGHT])
    assert take.weights[:, LEFT].max() > 0.9


def test_a_blink_narrows_wide_eyes() -> None:
    spec = StreamSpec(frame_rate=Fraction(60))
    face = make_face(spec, Profile(eyelid_offset=0.5))
    wide, blink = [], []
    for index in range(60 * 60):
        frame = face.apply(
            BlendshapeFrame(np.zeros(52, np.float32), index, spec.timestamp(index), speech=0.0)
        )
        wide.append(frame.weights[arkit.INDEX["eyeWideLeft"]])
        blink.append(frame.weights[LEFT])
    np.testing.assert_allclose(wide, 0.5 * (1 - np.array(blink)), atol=1e-6)


def test_eyes_look_the_same_way() -> None:
    take = _take(120)
    look = {name: take.weights[:, arkit.INDEX[f"eyeLook{name}"]] for name in _LOOKS}
    for left, right in (("OutLeft", "InRight"), ("InLeft", "OutRight")):
        np.testing.assert_array_equal(look[left], look[right])
        assert look[left].max() > 0.05
    for direction in ("Up", "Down"):
        np.testing.assert_array_equal(look[f"{direction}Left"], look[f"{direction}Right"])
    for one, other in (("OutLeft", "InLeft"), ("UpLeft", "DownLeft")):
        assert np.all(np.minimum(look[one], look[other]) == 0)
    assert max(curve.max() for curve in look.values()) < 0.4


def test_gaze_rests_and_jumps() -> None:
    take = _take(120, rate=60, speech=silence, profile=Profile(head_strength=0.0))
    out, inward = (take.weights[:, arkit.INDEX[f"eyeLook{way}Left"]] for way in ("Out", "In"))
    moving = np.abs(np.diff(out - inward)) > 1e-6
    assert 0.01 < moving.mean() < 0.2
    jumps = np.count_nonzero(np.diff(moving.astype(int)) == 1)
    assert 40 <= jumps / 2 <= 90


def test_the_eyes_hold_their_target_while_the_head_moves() -> None:
    take = _take(30, profile=Profile(saccade_strength=0.0))
    look = {name: take.weights[:, arkit.INDEX[f"eyeLook{name}Left"]] for name in _WAYS}
    leftwards, upwards = look["Out"] - look["In"], look["Up"] - look["Down"]
    yaw, pitch = take.head[:, 0], take.head[:, 1]
    assert np.corrcoef(leftwards, yaw)[0, 1] < -0.999
    assert np.corrcoef(upwards, pitch)[0, 1] > 0.999


def test_gaze_is_added_to_the_gaze_of_the_engine() -> None:
    spec = StreamSpec(frame_rate=Fraction(60))
    moved, still = make_face(spec), make_face(spec, idle=False)
    weights = np.zeros(52, np.float32)
    weights[[arkit.INDEX["eyeLookOutLeft"], arkit.INDEX["eyeLookInRight"]]] = 0.5
    for index in range(300):
        frame = BlendshapeFrame(weights, index, spec.timestamp(index), speech=0.0)
        with_idle, without = moved.apply(frame).weights, still.apply(frame).weights
        assert with_idle[arkit.INDEX["eyeLookOutLeft"]] == pytest.approx(0.5, abs=0.3)
        assert with_idle[arkit.INDEX["eyeLookInLeft"]] == 0
        assert without[arkit.INDEX["eyeLookOutLeft"]] == 0.5


def test_brows_move_with_speech_and_are_calm_in_silence() -> None:
    spoken, silent = _take(60), _take(60, speech=silence)
    assert 0.05 < spoken.weights[:, BROW].max() < 0.35
    assert silent.weights[:, BROW].max() < 0.07
    assert silent.weights[:, BROW].std() < 0.5 * spoken.weights[:, BROW].std()
    outer = spoken.weights[:, [arkit.INDEX[f"browOuterUp{eye}"] for eye in ("Left", "Right")]]
    assert 0.005 < np.abs(outer[:, 0] - outer[:, 1]).max() <= 2 * BROW_TILT
    assert np.all(outer <= spoken.weights[:, [BROW]] + BROW_TILT)


def test_the_head_moves_by_a_few_degrees_and_smoothly() -> None:
    for seed in range(4):
        take = _take(120, rate=60, seed=seed)
        degrees = np.degrees(take.head)
        assert np.abs(degrees).max() < 5
        assert np.ptp(degrees, axis=0).min() > 0.5
        assert np.abs(np.diff(degrees, axis=0)).max() * 60 < 25


def test_the_head_nods_with_stress_and_is_calmer_in_silence() -> None:
    spoken, silent = _take(120), _take(120, speech=silence)
    assert spoken.head[:, 1].mean() > silent.head[:, 1].mean() + 0.003
    assert silent.head[:, 0].std() < 0.6 * spoken.head[:, 0].std()


def test_the_mouth_is_shut_and_calm_in_silence() -> None:
    take = _take(60, speech=lambda time: 1.0 if time < 5 else 0.0)
    silent = take.weights[int(5.6 * 30) :]
    assert lip_gap(silent).max() <= UNSEEN + 1e-6
    assert silent[:, JAW].max() == 0
    assert silent[:, MOUTH].max() < 0.05


def test_a_mouth_without_idle_motion_of_its_own_is_exactly_still_in_silence() -> None:
    profile = Profile(asymmetry_strength=0.0, breath_strength=0.0)
    take = _take(60, speech=lambda time: 1.0 if time < 5 else 0.0, profile=profile)
    # What goes along with the mouth comes to rest a little after it.
    assert np.all(take.weights[7 * 30 :, MOUTH] < 1e-6)


def test_a_seed_is_a_take() -> None:
    first, again, other = _take(60, seed=5), _take(60, seed=5), _take(60, seed=6)
    np.testing.assert_array_equal(first.weights, again.weights)
    np.testing.assert_array_equal(first.head, again.head)
    assert list(_blinks(first)) != list(_blinks(other))
    assert np.abs(first.head - other.head).max() > 0.01


@pytest.mark.parametrize("rate", [60, 120])
def test_frame_rates_agree(rate: int) -> None:
    slow, fast = _take(60, rate=30), _take(60, rate=rate)
    step = rate // 30
    assert len(_blinks(slow)) == len(_blinks(fast))
    # A blink near the end of a phrase starts when its frame tells that the phrase is over.
    np.testing.assert_allclose(_blinks(slow), _blinks(fast), atol=2 / 30)
    np.testing.assert_allclose(slow.head, fast.head[::step], atol=0.006)
    np.testing.assert_allclose(slow.weights[:, BROW], fast.weights[::step, BROW], atol=0.03)


def test_strengths_of_zero_leave_only_the_mouth() -> None:
    profile = Profile(
        blink_strength=0.0, saccade_strength=0.0, brow_strength=0.0, head_strength=0.0,
        cheek_strength=0.0, nose_chin_strength=0.0, asymmetry_strength=0.0, breath_strength=0.0,
    )  # fmt: skip
    take = _take(30, profile=profile)
    take.weights[:, JAW] = 0
    assert np.all(take.weights == 0)
    assert np.all(take.head == 0)
