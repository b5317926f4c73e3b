"""What a character does with the weights of an engine: the knobs, and the file they come from.

Knobs that NVIDIA Audio2Face-3D has too carry its names and its signs; see docs/face.md.
"""

import math
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from facewire import arkit
from facewire.emotion import emotion_of
from facewire.errors import ConfigError
from facewire.toml_file import hint, load_toml

Strength = Annotated[float, Meta(ge=0, le=2)]
Smoothing = Annotated[float, Meta(ge=0, le=1)]
Multiplier = Annotated[float, Meta(ge=0, le=10)]
Offset = Annotated[float, Meta(ge=-1, le=1)]

_SHAPES = {name.lower(): name for name in arkit.NAMES}


def _by_shape(values: dict[str, float]) -> dict[str, float]:
    return {_SHAPES[name.lower()]: value for name, value in values.items()}


def _check_shapes(key: str, values: dict[str, float]) -> None:
    seen: set[str] = set()
    for name in values:
        if name.lower() not in _SHAPES:
            raise ValueError(f"unknown shape {name!r} in {key}; {hint(name, arkit.NAMES)}")
        if name.lower() in seen:
            raise ValueError(f"{key} names {_SHAPES[name.lower()]!r} twice")
        seen.add(name.lower())


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one character wears the weights. The default changes nothing."""

    articulation: Strength = 1.0
    """How clearly the mouth speaks: as `lower_face_strength`, but lips that meet, and lips that do
    not, stay so."""
    lower_face_strength: Strength = 1.0
    """Factor on jaw, mouth, nose and cheekPuff."""
    upper_face_strength: Strength = 1.0
    """Factor on eyes, brows and cheekSquint."""
    tongue_strength: Strength = 1.0
    """Factor on tongueOut, on top of the lower face's."""
    lower_face_smoothing: Smoothing = 0.0
    """Time constant in seconds; 0 is off. Smoothing delays, and blunts short closures."""
    upper_face_smoothing: Smoothing = 0.0
    """Time constant in seconds; 0 is off."""
    eyelid_offset: Offset = 0.0
    """Where the lids rest: -1 is closed, 1 is wide open."""
    lip_close_offset: Annotated[float, Meta(ge=-0.2, le=0.2)] = 0.0
    """Where the lips rest: below 0 they close further, above 0 they part."""
    bs_weight_multipliers: dict[str, Multiplier] = {}
    """Factor by shape, on top of the strengths."""
    bs_weight_offsets: dict[str, Offset] = {}
    """Added to the shape after its factor; also part of the rest pose."""
    enable_clamping_bs_weight: bool = True
    """Whether factors and offsets stop at [0, 1] before smoothing; what leaves always does."""
    blink_strength: Annotated[float, Meta(ge=0, le=1)] = 1.0
    """How far a blink closes the lids; 0 is no blinks."""
    blink_interval: Annotated[float, Meta(ge=1.5, le=60)] = 4.0
    """Mean seconds between blinks, apart from those at the ends of phrases."""
    saccade_strength: Strength = 1.0
    """Factor on the eyes' small jumps."""
    brow_strength: Strength = 1.0
    """Factor on the brows' motion with speech."""
    head_strength: Strength = 1.0
    """Factor on the head's motion."""
    cheek_strength: Strength = 1.0
    """Factor on how cheeks rise and eyes narrow with the mouth and with stress."""
    nose_chin_strength: Strength = 1.0
    """Factor on how nose, chin and the corners of the mouth go along with the lips."""
    asymmetry_strength: Strength = 1.0
    """Factor on what is uneven about mouth and jaw."""
    breath_strength: Strength = 1.0
    """Factor on what is seen of breathing."""

    emotion: dict[str, Annotated[float, Meta(ge=0, le=1)]] = {}
    """What the character feels where nobody says otherwise: shares of `facewire.emotion.NAMES`."""
    emotion_strength: Annotated[float, Meta(ge=0, le=1)] = 1.0
    """Factor on all emotions."""
    live_transition_time: Annotated[float, Meta(ge=0, le=10)] = 0.5
    """Seconds that the face takes from one emotion to the next."""

    def __post_init__(self) -> None:
        try:
            emotion_of(self.emotion)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        for name in ("bs_weight_multipliers", "bs_weight_offsets"):
            _check_shapes(name, getattr(self, name))
        for name in Profile.__struct_fields__:
            value = getattr(self, name)
            numbers = value.values() if isinstance(value, dict) else (value,)
            if not all(math.isfinite(number) for number in numbers):
                raise ValueError(f"{name} must be a finite number, not {value}")

    def multiplier(self, shape: str) -> float:
        """Return the factor of a shape, without the strength of its region."""
        return _by_shape(self.bs_weight_multipliers).get(shape, 1.0)

    def offset(self, shape: str) -> float:
        """Return what is added to a shape, without the offsets of lids and lips."""
        return _by_shape(self.bs_weight_offsets).get(shape, 0.0)


NEUTRAL = Profile()


class _ProfileFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    face: Profile = NEUTRAL


def load_profile(path: Path) -> Profile:
    """Read the `[face]` table of a TOML file.

    Raises:
        ConfigError: the file is missing or broken, or has a key, shape or value that is wrong.
    """
    return load_toml(path, _ProfileFile).face
