"""What a clip's header makes of a profile."""

import math
from typing import Any

import pytest

from facewire.face.profile import NEUTRAL, Profile
from facewire.server.audio2face.messages import load_messages
from facewire.server.audio2face.parameters import MOST_NAMED, wanted_face


def header(**parameters: Any) -> Any:
    return load_messages()["AudioStreamHeader"](**parameters)


def floats(**values: float) -> Any:
    return header(face_params={"float_params": values})


def test_an_empty_header_leaves_the_servers_profile() -> None:
    own = Profile(lower_face_strength=1.5, bs_weight_offsets={"mouthSmileLeft": 0.1})
    wanted = wanted_face(header(), own)
    assert (wanted.profile, wanted.warning) == (own, "")


@pytest.mark.parametrize("name", ["lower_face_strength", "lowerFaceStrength"])
def test_both_spellings_are_read(name: str) -> None:
    wanted = wanted_face(floats(**{name: 1.25}), NEUTRAL)
    assert (wanted.profile.lower_face_strength, wanted.ignored) == (1.25, ())


def test_older_names_are_read() -> None:
    wanted = wanted_face(floats(eyelidOpenOffset=-0.5, lipOpenOffset=0.125), NEUTRAL)
    assert (wanted.profile.eyelid_offset, wanted.profile.lip_close_offset) == (-0.5, 0.125)


def test_shapes_are_added_to_the_servers() -> None:
    own = Profile(bs_weight_multipliers={"JawOpen": 0.5, "CheekPuff": 0.5})
    asked = {"bs_weight_multipliers": {"jawopen": 2.0}, "enable_clamping_bs_weight": False}
    profile = wanted_face(header(blendshape_params=asked), own).profile
    assert profile.bs_weight_multipliers == {"jawOpen": 2.0, "cheekPuff": 0.5}
    assert not profile.enable_clamping_bs_weight


def test_what_asks_for_nothing_is_not_warned_of() -> None:
    neutral = {"skinStrength": 1.0, "faceMaskLevel": 0.6, "face_mask_softness": 0.0085}
    wanted = wanted_face(
        header(
            face_params={"float_params": neutral},
            blendshape_params={
                "bs_weight_multipliers": {"TongueUp": 1.0},
                "bs_weight_offsets": {"TongueUp": 0.0},
            },
            emotion_params={"live_transition_time": 0.5, "beginning_emotion": {"joy": 0.0}},
        ),
        NEUTRAL,
    )
    assert (wanted.profile, wanted.ignored) == (NEUTRAL, ())


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"face_params": {"float_params": {"skinStrength": 1.5}}}, "skinStrength 1.5"),
        ({"face_params": {"float_params": {"smile": 1.0}}}, "smile 1 is not done"),
        ({"face_params": {"float_params": {"tongueStrength": 9.0}}}, "out of its range"),
        ({"face_params": {"float_params": {"blinkStrength": math.nan}}}, "nan is out of"),
        ({"face_params": {"integer_params": {"count": 1}}}, "count is not done"),
        ({"face_params": {"float_array_params": {"list": {"values": [1.0]}}}}, "list is not"),
        ({"blendshape_params": {"bs_weight_offsets": {"JawOpen": 7.0}}}, "7 of JawOpen"),
        ({"blendshape_params": {"bs_weight_multipliers": {"TongueUp": 2.0}}}, "not made here"),
        (
            {"emotion_params": {"beginning_emotion": {"outofbreath": 1.0}}},
            "emotion outofbreath 1 is not shown here",
        ),
        ({"emotion_params": {"live_transition_time": -1.0}}, "live_transition_time -1 is out of"),
    ],
)
def test_what_cannot_be_done_is_named_and_left_out(parameters: Any, words: str) -> None:
    wanted = wanted_face(header(**parameters), NEUTRAL)
    assert wanted.profile == NEUTRAL
    assert words in wanted.warning


def test_emotions_are_those_of_the_profile() -> None:
    wanted = wanted_face(
        header(
            emotion_params={
                "live_transition_time": 0.25,
                "beginning_emotion": {"Joy": 0.5, "grief": 1.0, "cheekiness": 2.0},
            },
            emotion_post_processing_params={"emotion_strength": 0.75},
        ),
        Profile(emotion={"calm": 1.0}),
    )
    assert wanted.ignored == ()
    assert wanted.profile.emotion == {"happy": 1.0, "sad": 0.6, "melancholic": 0.4}
    assert (wanted.profile.live_transition_time, wanted.profile.emotion_strength) == (0.25, 0.75)


def test_a_warning_is_not_endless() -> None:
    names = {f"{'long' * 20}{number}": 5.0 for number in range(1_000)}
    warning = wanted_face(floats(**names), NEUTRAL).warning
    assert warning.endswith(f"and {1_000 - MOST_NAMED} more")
    assert len(warning) < 1_000
