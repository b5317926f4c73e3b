"""What VRM avatars call a face: the presets of VRM 0 and 1, and perfect sync's 52 names.

Perfect sync is an avatar with a clip for each ARKit shape. Any other has five vowels, which are
read from how far the lips are apart, how round and how spread they are. Its presets for emotions
are not sent: they are the user's, who chooses them by a key, and zeros would undo that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from facewire import arkit
from facewire.errors import ConfigError
from facewire.face.lips import linear
from facewire.frames import Weights

_SHUT, _PARTED = 0.02, 0.10
"""Lip gaps up to which lips are shut, and from which they are apart, where that of jawOpen = 1 is
1."""
_MIDDLE, _OPEN = 0.16, 0.40
"""Lip gaps of a closed vowel (i, u) and of an open one (e, o)."""
_WIDEST = 0.62
"""The lip gap of a loud `a`, which the preset shows whole."""
_SPREAD = 0.6
"""How much the lips spread for `i`, which the preset shows whole."""
_TOGETHER = 10
"""How many times as much lips that speak smile as they stretch, at most."""


@dataclass(frozen=True, slots=True)
class Expressions:
    """Names, and how to find their values."""

    names: tuple[str, ...]
    values: Callable[[Weights], Sequence[float]]
    """Returns a value in [0, 1] for each name, of the 52 weights."""


def _index(*names: str) -> list[int]:
    return [arkit.INDEX[name] for name in names]


_GAP_AT_REST, _GAP = linear("gap")
_ROUND = _index("mouthPucker", "mouthFunnel")
_SMILE = _index("mouthSmileLeft", "mouthSmileRight")
_STRETCH = _index("mouthStretchLeft", "mouthStretchRight")
_BLINKS = _index("eyeBlinkLeft", "eyeBlinkRight")
_LOOKS = (
    _index("eyeLookUpLeft", "eyeLookUpRight"),
    _index("eyeLookDownLeft", "eyeLookDownRight"),
    _index("eyeLookOutLeft", "eyeLookInRight"),
    _index("eyeLookInLeft", "eyeLookOutRight"),
)
"""Up, down, to the avatar's left, to its right."""


def _share(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _spread(weights: Weights) -> float:
    """Return how far speech spreads the lips, in which they smile and stretch at once.

    A smile alone is joy, and a stretch alone is fear (`facewire.face.emotion.poses`).
    """
    smile, stretch = weights[_SMILE], weights[_STRETCH]
    both = np.minimum(smile, _TOGETHER * stretch) + np.minimum(stretch, smile)
    return float(both.sum()) / 2


def vowels(weights: Weights) -> tuple[float, float, float, float, float]:
    """Return how much a mouth says a, i, u, e and o: shares of the presets of those names."""
    gap = float(_GAP @ weights) + _GAP_AT_REST
    parted, opened = _share(gap, _SHUT, _PARTED), _share(gap, _MIDDLE, _OPEN)
    rounded = min(1.0, float(weights[_ROUND].sum()))
    spread = min(1.0, _spread(weights) / _SPREAD) * (1 - rounded)
    wide = _share(gap, _SHUT, _WIDEST) * (1 - rounded) * (1 - spread)
    return (
        wide,
        parted * spread * (1 - opened),
        rounded * (1 - opened),
        parted * spread * opened,
        parted * rounded * opened,
    )


def _presets(weights: Weights) -> list[float]:
    left, right = (float(value) for value in weights[_BLINKS])
    both = min(left, right)
    looks = [float(weights[pair].mean()) for pair in _LOOKS]
    # The three blinks add up, so that an avatar that has only the one for both blinks, too.
    return [*vowels(weights), both, left - both, right - both, *looks]


def _pascal(name: str) -> str:
    return name[0].upper() + name[1:]


EXPRESSIONS = {
    "vrm0": Expressions(
        ("A", "I", "U", "E", "O", "Blink", "Blink_L", "Blink_R",
         "LookUp", "LookDown", "LookLeft", "LookRight"),
        _presets,
    ),
    "vrm1": Expressions(
        ("aa", "ih", "ou", "ee", "oh", "blink", "blinkLeft", "blinkRight",
         "lookUp", "lookDown", "lookLeft", "lookRight"),
        _presets,
    ),
    "perfect-sync": Expressions(tuple(map(_pascal, arkit.NAMES)), np.ndarray.tolist),
    "perfect-sync-camel": Expressions(arkit.NAMES, np.ndarray.tolist),
}  # fmt: skip
"""By what `?names=` calls them."""


def parse_names(text: str) -> list[Expressions]:
    """Return what "vrm0" or "vrm0,perfect-sync" names.

    Raises:
        ConfigError: it names nothing that there is, or a thing twice.
    """
    names = text.split(",")
    if not set(names) <= EXPRESSIONS.keys() or len(set(names)) < len(names):
        raise ConfigError(
            f"names={text} is none of {', '.join(EXPRESSIONS)}; several are joined by commas"
        )
    return [EXPRESSIONS[name] for name in names]
