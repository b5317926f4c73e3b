"""What the header of an Audio2Face-3D clip asks of the face, as a profile and what cannot be done.

Names and neutral values are those of NVIDIA's sample configurations, in either spelling.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from facewire import arkit
from facewire.face.profile import Profile
from facewire.server.audio2face.emotions import timed_emotion

_RENAMED = {"eyelid_open_offset": "eyelid_offset", "lip_open_offset": "lip_close_offset"}
_KNOBS = (
    "lower_face_strength", "upper_face_strength", "tongue_strength", "lower_face_smoothing",
    "upper_face_smoothing", "eyelid_offset", "lip_close_offset", "blink_strength",
)  # fmt: skip
"""Face parameters that a profile has under the same name."""
_NEUTRAL = {
    "input_strength": 1.0,
    "skin_strength": 1.0,
    "face_mask_level": 0.6,
    "face_mask_softness": 0.0085,
    "tongue_height_offset": 0.0,
    "tongue_depth_offset": 0.0,
    "blink_offset": 0.0,
    "prediction_delay": 0.0,
}
"""Face parameters of NVIDIA's network or mesh, at the values that ask for nothing."""

MOST_NAMED = 6
"""Of what cannot be done, so many are named in one answer."""
LONGEST_NAME = 40

_SHAPES = {name.lower(): name for name in arkit.NAMES}


@dataclass(frozen=True, slots=True)
class WantedFace:
    """What a client's header makes of the server's profile."""

    profile: Profile
    ignored: tuple[str, ...] = ()
    """What of it cannot be done, in words."""

    @property
    def warning(self) -> str:
        """One sentence about what cannot be done; empty where all can."""
        return warning_of(self.ignored)


def warning_of(ignored: Sequence[str]) -> str:
    """Return one sentence about what cannot be done; empty where all can."""
    more = len(ignored) - MOST_NAMED
    named = "; ".join(ignored[:MOST_NAMED])
    return f"{named}; and {more} more" if more > 0 else named


def wanted_face(header: Any, own: Profile) -> WantedFace:
    """Return the profile that an `AudioStreamHeader` asks for, on top of the server's own."""
    ignored: list[str] = []
    asked = _face_parameters(header.face_params, ignored)
    blendshapes = header.blendshape_params
    for key, neutral in (("bs_weight_multipliers", 1.0), ("bs_weight_offsets", 0.0)):
        values = _shape_values(key, getattr(blendshapes, key), neutral, ignored)
        if values:
            asked[key] = _by_shape(own, key) | values
    if blendshapes.HasField("enable_clamping_bs_weight"):
        asked["enable_clamping_bs_weight"] = bool(blendshapes.enable_clamping_bs_weight)
    feelings = header.emotion_params
    if feelings.HasField("live_transition_time"):
        name = "live_transition_time"
        _take(asked, name, name, feelings.live_transition_time, ignored)
    if feelings.beginning_emotion:
        begins = timed_emotion(feelings.beginning_emotion)
        asked["emotion"] = begins.emotion.named()
        ignored += begins.ignored
    if header.emotion_post_processing_params.HasField("emotion_strength"):
        strength = header.emotion_post_processing_params.emotion_strength
        _take(asked, "emotion_strength", "emotion_strength", strength, ignored)
    return WantedFace(msgspec.structs.replace(own, **asked), tuple(ignored))


def _face_parameters(parameters: Any, ignored: list[str]) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    for name, value in sorted(parameters.float_params.items()):
        snake = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()
        key = _RENAMED.get(snake, snake)
        if key in _KNOBS:
            _take(asked, key, name, value, ignored)
        elif not _is_near(value, _NEUTRAL.get(key)):
            ignored.append(f"{_short(name)} {value:g} is not done here")
    other = sorted([*parameters.integer_params, *parameters.float_array_params])
    ignored.extend(f"{_short(name)} is not done here" for name in other)
    return asked


def _take(asked: dict[str, Any], key: str, name: str, value: float, ignored: list[str]) -> None:
    if _fits(key, value):
        asked[key] = value
    else:
        ignored.append(f"{_short(name)} {value:g} is out of its range")


def _shape_values(
    key: str, values: Mapping[str, float], neutral: float, ignored: list[str]
) -> dict[str, float]:
    """Return the values by ARKit's names; others are NVIDIA's shapes of the tongue, or slips."""
    taken: dict[str, float] = {}
    for name, value in sorted(values.items()):
        shape = _SHAPES.get(name.lower())
        what = f"{key} {value:g} of {_short(name)}"
        if shape is None:
            if not _is_near(value, neutral):
                ignored.append(f"{what} is for a shape that is not made here")
        elif _fits(key, {shape: value}):
            taken[shape] = value
        else:
            ignored.append(f"{what} is out of its range")
    return taken


def _fits(key: str, value: object) -> bool:
    try:
        msgspec.convert({key: value}, Profile)
    except msgspec.ValidationError:
        return False
    return True


def _by_shape(profile: Profile, key: str) -> dict[str, float]:
    return {_SHAPES[name.lower()]: value for name, value in getattr(profile, key).items()}


def _is_near(value: float, neutral: float | None) -> bool:
    """Return whether a 32-bit float is meant to be a number."""
    return neutral is not None and abs(value - neutral) < 1e-6


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
