import math
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from facewire import arkit
from facewire.errors import ConfigError
from facewire.face import Face, Profile, load_profile, make_face
from facewire.frames import BlendshapeFrame, StreamSpec, Weights

SPEC = StreamSpec(frame_rate=Fraction(60))
DOCS = Path(__file__).parents[3] / "docs"

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "profile.toml"
        path.write_text(text)
        return path

    return write


def _shown(profile: Profile, *, settle: int = 10, **values: float) -> dict[str, float]:
    """Return the weights that a speaking face settles at."""
    face = make_face(SPEC, profile, idle=False)
    weights = np.zeros(52, np.float32)
    for name, value in values.items():
        weights[arkit.INDEX[name]] = value
    for index in range(settle):
        shown = face.apply(BlendshapeFrame(weights, index, SPEC.timestamp(index)))
    return dict(zip(arkit.NAMES, map(float, shown.weights), strict=True))


def _step_response(profile: Profile, name: str, rate: int, seconds: float) -> float:
    """Return where a shape is, some time after it jumped from 0 to 1."""
    spec = StreamSpec(frame_rate=Fraction(rate))
    face = make_face(spec, profile, idle=False)
    weights: Weights = np.zeros(52, np.float32)
    for index in range(rate + round(seconds * rate)):
        if index == rate:
            weights = weights.copy()
            weights[arkit.INDEX[name]] = 1
        shown = face.apply(BlendshapeFrame(weights, index, spec.timestamp(index)))
    return float(shown.weights[arkit.INDEX[name]])


def test_the_default_profile_changes_nothing() -> None:
    face = make_face(SPEC, idle=False)
    generator = np.random.default_rng(0)
    for index in range(60):
        weights = generator.random(52, np.float32)
        weights[arkit.INDEX["mouthClose"]] *= weights[arkit.INDEX["jawOpen"]]
        shown = face.apply(BlendshapeFrame(weights, index, SPEC.timestamp(index)))
        if index >= 3:
            np.testing.assert_array_equal(shown.weights, weights)


def test_strengths_scale_their_regions() -> None:
    profile = Profile(lower_face_strength=0.5, upper_face_strength=2.0, tongue_strength=0.5)
    shown = _shown(profile, jawOpen=0.4, browInnerUp=0.3, eyeSquintLeft=0.2, tongueOut=0.8)
    assert shown["jawOpen"] == pytest.approx(0.2)
    assert shown["browInnerUp"] == pytest.approx(0.6)
    assert shown["eyeSquintLeft"] == pytest.approx(0.4)
    assert shown["tongueOut"] == pytest.approx(0.2)


@pytest.mark.parametrize("spelling", ["mouthSmileLeft", "MouthSmileLeft", "MOUTHSMILELEFT"])
def test_multipliers_and_offsets_apply_by_name_in_any_case(spelling: str) -> None:
    profile = Profile(bs_weight_multipliers={spelling: 0.5}, bs_weight_offsets={spelling: 0.1})
    shown = _shown(profile, mouthSmileLeft=0.4, mouthSmileRight=0.4)
    assert shown["mouthSmileLeft"] == pytest.approx(0.3)
    assert shown["mouthSmileRight"] == pytest.approx(0.4)


def test_weights_stop_at_zero_and_one() -> None:
    profile = Profile(bs_weight_multipliers={"jawOpen": 10.0}, bs_weight_offsets={"jawLeft": -0.5})
    shown = _shown(profile, jawOpen=0.5, jawLeft=0.2)
    assert shown["jawOpen"] == 1.0
    assert shown["jawLeft"] == 0.0


def test_without_clamping_the_excess_lasts_through_the_smoothing() -> None:
    clamped = Profile(bs_weight_multipliers={"jawOpen": 4.0}, lower_face_smoothing=0.1)
    free = Profile(
        bs_weight_multipliers={"jawOpen": 4.0},
        lower_face_smoothing=0.1,
        enable_clamping_bs_weight=False,
    )
    assert _step_response(free, "jawOpen", 60, 0.05) > _step_response(clamped, "jawOpen", 60, 0.05)
    assert _step_response(free, "jawOpen", 60, 1.0) == 1.0


@pytest.mark.parametrize(
    ("offset", "name"), [(-0.7, "eyeBlinkLeft"), (-0.7, "eyeBlinkRight"), (0.7, "eyeWideLeft")]
)
def test_eyelid_offset_closes_below_zero_and_widens_above(offset: float, name: str) -> None:
    shown = _shown(Profile(eyelid_offset=offset))
    assert shown[name] == pytest.approx(0.7)
    assert sum(shown.values()) == pytest.approx(1.4)


def test_lip_close_offset_closes_below_zero_but_never_beyond_the_jaw() -> None:
    profile = Profile(lip_close_offset=-0.1)
    assert _shown(profile, jawOpen=0.4, mouthClose=0.1)["mouthClose"] == pytest.approx(0.2)
    assert _shown(profile, jawOpen=0.05)["mouthClose"] == pytest.approx(0.05)
    assert _shown(profile)["mouthClose"] == 0.0


def test_lip_close_offset_parts_the_lips_above_zero() -> None:
    assert _shown(Profile(lip_close_offset=0.1), jawOpen=0.2)["jawOpen"] == pytest.approx(0.3)


@pytest.mark.parametrize("rate", [24, 30, 60, 120])
def test_smoothing_has_its_time_constant_at_every_frame_rate(rate: int) -> None:
    profile = Profile(lower_face_smoothing=0.25)
    reached = _step_response(profile, "jawOpen", rate, 0.5)
    assert reached == pytest.approx(1 - math.exp(-2), abs=1e-4)
    assert _step_response(profile, "browInnerUp", rate, 1 / rate) == 1.0


def test_smoothing_does_not_start_from_zero() -> None:
    face = make_face(SPEC, Profile(upper_face_smoothing=1.0), idle=False)
    shown = face.apply(BlendshapeFrame(np.full(52, 0.5, np.float32), 0, 0))
    assert shown.weights[arkit.INDEX["browInnerUp"]] == 0.5


def test_a_profile_comes_from_a_file(write: Write) -> None:
    path = write(
        """
        [face]
        lower_face_strength = 1.2
        upper_face_smoothing = 0
        [face.bs_weight_multipliers]
        JawOpen = 0.9
        """
    )
    profile = load_profile(path)
    assert profile.lower_face_strength == 1.2
    assert profile.upper_face_smoothing == 0
    assert profile.multiplier("jawOpen") == 0.9
    assert profile.multiplier("jawLeft") == 1.0


@pytest.mark.parametrize("text", ["", "[face]", "# nothing"])
def test_an_empty_file_is_the_default_profile(write: Write, text: str) -> None:
    assert load_profile(write(text)) == Profile()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[face]\nlower_face_strenght = 1.0", "did you mean 'lower_face_strength'?"),
        ("[face]\nxyzzy = 1.0", "expected one of articulation, asymmetry_strength"),
        ("lower_face_strength = 1.0", r"'lower_face_strength' belongs into \[face\]; write"),
        ("[faces]\n", "unknown key 'faces'; did you mean 'face'?"),
        ("[face.bs_weight_multipliers]\njawOpne = 1.0", "'jawOpne' in bs_weight_multipliers; did"),
        ("[face.bs_weight_offsets]\nSmile_L = 1.0", "unknown shape 'Smile_L' in bs_weight_off"),
        ("[face.bs_weight_offsets]\njawOpen = 2.0", "face.bs_weight_offsets: expected number <="),
        (
            "[face.bs_weight_offsets]\njawOpen = 0.1\nJawOpen = 0.2",
            "bs_weight_offsets names 'jawOpen' twice",
        ),
        ("[face]\nlower_face_strength = 2.5", "face.lower_face_strength: expected number <= 2.0"),
        (
            "[face]\nlower_face_strength = nan",
            "face.lower_face_strength: nan is out of range",
        ),
        ("[face]\nlower_face_strength = 'much'", "expected number, got text"),
        ("[face]\nlip_close_offset = 0.3", "face.lip_close_offset: expected number <= 0.2"),
        ("[face]\nblink_interval = 0.5", "face.blink_interval: expected number >= 1.5"),
        ("[face]\nenable_clamping_bs_weight = 1", "expected true or false, got whole number"),
        ("face = 3", "face: expected table, got whole number"),
        ("[face\n", "is not valid TOML: .*line 1"),
    ],
)
def test_mistakes_are_told_in_one_sentence(write: Write, text: str, message: str) -> None:
    path = write(text)
    with pytest.raises(ConfigError, match=message) as caught:
        load_profile(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=re.escape("nowhere.toml does not exist")):
        load_profile(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_profile_made_in_python_must_be_finite(value: float) -> None:
    with pytest.raises(ValueError, match="upper_face_strength must be a finite number"):
        Profile(upper_face_strength=value)
    with pytest.raises(ValueError, match="bs_weight_offsets must be a finite number"):
        Profile(bs_weight_offsets={"jawOpen": value})


def test_the_documented_profile_loads(write: Write) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", (DOCS / "face.md").read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        assert load_profile(write(block)) != Profile()


def test_every_knob_is_documented() -> None:
    text = (DOCS / "face.md").read_text()
    assert [name for name in Profile.__struct_fields__ if f"`{name}`" not in text] == []


def test_the_documented_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", (DOCS / "face.md").read_text(), re.DOTALL)
    (tmp_path / "character.toml").write_text("[face]\nblink_strength = 0.5\n")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(block, names)
    assert isinstance(names["face"], Face)
