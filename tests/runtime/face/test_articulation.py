from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from facewire import arkit
from facewire.face import Profile, make_face
from facewire.face.articulation import Articulation
from facewire.face.gap_keeper import UNSEEN
from facewire.face.lips import SHUT, lip_gap
from facewire.face.regions import LOWER
from facewire.frames import BlendshapeFrame, StreamSpec, Weights

AMOUNTS = (0.5, 0.8, 1.2, 1.6, 2.0)
JAW, CLOSE = arkit.INDEX["jawOpen"], arkit.INDEX["mouthClose"]
SPOKEN: tuple[dict[str, float], ...] = (
    {},
    {"jawOpen": 0.4},
    {"jawOpen": 0.3, "mouthClose": 0.26},
    {"jawOpen": 0.25, "mouthClose": 0.2, "mouthPressLeft": 0.3, "mouthPressRight": 0.3},
    {"jawOpen": 0.05},
    {"jawOpen": 0.9, "mouthClose": 0.5},
    {"jawOpen": 0.2, "mouthFunnel": 0.3, "mouthPucker": 0.5},
    {"jawOpen": 0.12, "mouthRollLower": 0.4, "mouthUpperUpLeft": 0.2, "mouthUpperUpRight": 0.2},
)


def weights(values: dict[str, float]) -> Weights:
    face = np.zeros(arkit.COUNT, np.float32)
    for name, value in values.items():
        face[arkit.INDEX[name]] = value
    return face


@pytest.mark.parametrize("amount", AMOUNTS)
@pytest.mark.parametrize("values", SPOKEN)
def test_closed_lips_stay_closed_and_open_ones_are_scaled(
    values: dict[str, float], amount: float
) -> None:
    spoken = weights(values)
    gap = float(lip_gap(spoken))
    shown = float(lip_gap(Articulation(amount).apply(spoken)))
    wanted = min(gap, SHUT) + amount * max(gap - SHUT, 0)
    if values.get("jawOpen", 0) * amount <= 1:
        assert shown == pytest.approx(wanted, abs=UNSEEN + 1e-5)
    else:
        # A jaw opens no further than it can.
        assert gap - UNSEEN - 1e-5 <= shown <= wanted + UNSEEN + 1e-5


mouths = arrays.arrays(np.float32, 52, elements=st.floats(0, 1, width=32))


@settings(max_examples=400, deadline=None)
@given(spoken=mouths, amount=st.floats(0, 2))
def test_any_face_stays_a_face_and_keeps_its_closures(spoken: Weights, amount: float) -> None:
    spoken[CLOSE] = min(spoken[CLOSE], spoken[JAW])
    spoken[~LOWER] = 0  # Cheeks move the lips of the ICT face by up to .4 mm, and are not scaled.
    shown = Articulation(amount).apply(spoken)
    assert np.all((shown >= 0) & (shown <= 1))
    assert shown[CLOSE] <= shown[JAW]
    gap, after = float(lip_gap(spoken)), float(lip_gap(shown))
    if gap <= SHUT:
        assert after <= gap + UNSEEN + 1e-5
    else:
        assert after >= SHUT - UNSEEN - 1e-5


@pytest.mark.parametrize("amount", AMOUNTS)
def test_the_upper_face_is_not_articulated(amount: float) -> None:
    spoken = weights({"browInnerUp": 0.3, "eyeSquintLeft": 0.2, "jawOpen": 0.4})
    shown = Articulation(amount).apply(spoken)
    for name in ("browInnerUp", "eyeSquintLeft"):
        assert shown[arkit.INDEX[name]] == spoken[arkit.INDEX[name]]


def test_less_articulation_leaves_what_touches() -> None:
    spoken = weights(
        {"mouthRollLower": 0.5, "tongueOut": 0.4, "jawOpen": 0.4, "mouthStretchLeft": 0.4}
    )
    shown = Articulation(0.5).apply(spoken)
    assert shown[arkit.INDEX["mouthRollLower"]] == np.float32(0.5)
    assert shown[arkit.INDEX["tongueOut"]] == np.float32(0.4)
    assert shown[arkit.INDEX["mouthStretchLeft"]] == np.float32(0.2)


def test_an_articulation_of_one_changes_nothing() -> None:
    spoken = weights({"jawOpen": 0.4, "mouthClose": 0.2, "mouthFunnel": 1.0})
    assert Articulation(1.0).apply(spoken) is spoken


def test_a_profile_articulates_about_its_own_rest() -> None:
    profile = Profile(articulation=1.5, bs_weight_offsets={"mouthSmileLeft": 0.2})
    spec = StreamSpec(frame_rate=Fraction(60))
    face = make_face(spec, profile, idle=False)
    for index in range(20):
        spoken = weights({"jawOpen": 0.4, "mouthSmileLeft": 0.1})
        shown = face.apply(BlendshapeFrame(spoken, index, spec.timestamp(index))).weights
    assert shown[arkit.INDEX["mouthSmileLeft"]] == pytest.approx(0.35)
    assert float(lip_gap(shown)) > 1.3 * 0.4
    silent = make_face(spec, profile, idle=False)
    rest = silent.apply(BlendshapeFrame(weights({}), 0, 0, speech=0.0)).weights
    assert rest[arkit.INDEX["mouthSmileLeft"]] == np.float32(0.2)
