"""An emotion: eight shares, of which a speaker may have several at once.

The eight are those of IndexTTS2 and UniTAF (arXiv 2602.15651), in that order.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from facewire.errors import ConfigError

NAMES = ("happy", "angry", "sad", "afraid", "disgusted", "melancholic", "surprised", "calm")
_LONGEST = 40
"""Characters of a wrong name that an error repeats."""
_PART = re.compile(r"\s*([^=\s]+)\s*(?:=\s*([^=]*?)\s*)?")


@dataclass(frozen=True, slots=True)
class Emotion:
    """How much of each of `NAMES` is felt, each in [0, 1]; what is left of 1 is neutral."""

    shares: tuple[float, ...] = (0.0,) * len(NAMES)

    def named(self) -> dict[str, float]:
        """Return the shares that are not 0, by name."""
        return {name: share for name, share in zip(NAMES, self.shares, strict=True) if share}


NEUTRAL = Emotion()


def emotion_of(shares: Mapping[str, float]) -> Emotion:
    """Return the emotion with shares by name; names that are missing have none.

    Raises:
        ConfigError: a name is unknown, or a share is not in [0, 1].
    """
    wanted = dict.fromkeys(NAMES, 0.0)
    for name, share in shares.items():
        if name not in wanted:
            raise ConfigError(
                f"there is no emotion {name[:_LONGEST]!r}; the eight are {', '.join(NAMES)}"
            )
        if not (math.isfinite(share) and 0 <= share <= 1):
            raise ConfigError(f"{name} is from 0 to 1, not {share:g}")
        wanted[name] = float(share)
    return Emotion(tuple(wanted.values()))


def parse_emotion(text: str) -> dict[str, float]:
    """Read shares as people write them: "happy", "happy=0.8" or "sad=.5, surprised=.3".

    "neutral" has none.

    Raises:
        ConfigError: it is not of that form, or `emotion_of` refuses it.
    """
    if text.strip().lower() == "neutral":
        return {}
    shares: dict[str, float] = {}
    for part in text.split(","):
        found = _PART.fullmatch(part)
        if found is None:
            raise ConfigError(
                f"{text[:_LONGEST]!r} is no emotion; write it like happy, or happy=0.8,calm=0.3"
            )
        name, share = found.groups(default="1")
        try:
            value = float(share)
        except ValueError:
            raise ConfigError(
                f"{share[:_LONGEST]!r} is no number; write it like {name}=0.8"
            ) from None
        if name.lower() in shares:
            raise ConfigError(f"{name.lower()} is given twice")
        shares[name.lower()] = value
    emotion_of(shares)
    return shares
