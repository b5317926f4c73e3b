"""An emotion: eight shares, of which a speaker may have several at once, or what the voice tells.

The eight are those of IndexTTS2 and UniTAF (arXiv 2602.15651), in that order.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from facewire.errors import ConfigError

NAMES = ("happy", "angry", "sad", "afraid", "disgusted", "melancholic", "surprised", "calm")
VOICE = "voice"
"""The name of a ninth share: how much is shown of what the voice itself tells."""
_LONGEST = 40
"""Characters of a wrong name that an error repeats."""
_PART = re.compile(r"\s*([^=\s]+)\s*(?:=\s*([^=]*?)\s*)?")


@dataclass(frozen=True, slots=True)
class Emotion:
    """How much of each of `NAMES` is felt, each in [0, 1]; what is left of 1 is neutral."""

    shares: tuple[float, ...] = (0.0,) * len(NAMES)
    voice: float = 0.0
    """How much is added of what is heard in the speaker's voice, in [0, 1]."""

    def named(self) -> dict[str, float]:
        """Return the shares that are not 0, by name."""
        named = zip((*NAMES, VOICE), (*self.shares, self.voice), strict=True)
        return {name: share for name, share in named if share}

    def with_voice(self, told: "Emotion") -> "Emotion":
        """Return it with what the voice tells, as far as that is wanted."""
        pairs = zip(self.shares, told.shares, strict=True)
        return Emotion(tuple(min(own + self.voice * heard, 1.0) for own, heard in pairs))


NEUTRAL = Emotion()


def emotion_of(shares: Mapping[str, float]) -> Emotion:
    """Return the emotion with shares by name, `VOICE` among them; those missing are 0.

    Raises:
        ConfigError: a name is unknown, or a share is not in [0, 1].
    """
    wanted = dict.fromkeys((*NAMES, VOICE), 0.0)
    for name, share in shares.items():
        if name not in wanted:
            raise ConfigError(
                f"there is no emotion {name[:_LONGEST]!r}; the eight are {', '.join(NAMES)}, "
                f"and {VOICE} is what is heard"
            )
        if not (math.isfinite(share) and 0 <= share <= 1):
            raise ConfigError(f"{name} is from 0 to 1, not {share:g}")
        wanted[name] = float(share)
    voice = wanted.pop(VOICE)
    return Emotion(tuple(wanted.values()), voice)


def parse_emotion(text: str) -> dict[str, float]:
    """Read shares as people write them: "happy", "happy=0.8" or "sad=.5, surprised=.3".

    "neutral" has none.

    Raises:
        ConfigError: it is not of that form, or `emotion_of` refuses it.
    """
    if text.strip().lower() == "neutral":
        return {}
    shares = parse_shares(text, "emotion", "happy=0.8,calm=0.3", fold=True)
    emotion_of(shares)
    return shares


def parse_shares(text: str, what: str, example: str, *, fold: bool = False) -> dict[str, float]:
    """Read shares by name, separated by commas; a name alone is 1.

    Args:
        text: what somebody wrote.
        what: they are shares of, for the errors.
        example: of several, for the errors.
        fold: whether capitals are small letters.

    Raises:
        ConfigError: it is not of that form; names and shares may be any.
    """
    shares: dict[str, float] = {}
    for part in text.split(","):
        found = _PART.fullmatch(part)
        if found is None:
            raise ConfigError(
                f"{text[:_LONGEST]!r} is no {what}; write it like {example.partition('=')[0]}, or "
                f"{example}"
            )
        name, share = found.groups(default="1")
        try:
            value = float(share)
        except ValueError:
            raise ConfigError(
                f"{share[:_LONGEST]!r} is no number; write it like {name}=0.8"
            ) from None
        name = name.lower() if fold else name
        if name in shares:
            raise ConfigError(f"{name[:_LONGEST]} is given twice")
        shares[name] = value
    return shares
