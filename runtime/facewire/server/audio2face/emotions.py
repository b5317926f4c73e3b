"""Emotions by NVIDIA's ten names, as shares of our eight."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from facewire.emotion import Emotion, emotion_of

SHARES: dict[str, dict[str, float]] = {
    "amazement": {"surprised": 1.0},
    "anger": {"angry": 1.0},
    "cheekiness": {"happy": 0.5},
    "disgust": {"disgusted": 1.0},
    "fear": {"afraid": 1.0},
    "grief": {"sad": 0.6, "melancholic": 0.4},
    "joy": {"happy": 1.0},
    "outofbreath": {},
    "pain": {"sad": 0.4, "disgusted": 0.4},
    "sadness": {"sad": 1.0},
}
"""What each of NVIDIA's, wholly felt, is here. Five have a namesake; the mixtures are by eye, and
breath is the idle motion's."""
LONGEST_NAME = 40
LONGEST_S = 1e6
"""Of a clip; what is felt later is not seen."""


@dataclass(frozen=True, slots=True)
class TimedEmotion:
    """An emotion that a client's header or audio names."""

    seconds: float
    """From the beginning of the clip."""
    emotion: Emotion
    ignored: tuple[str, ...] = ()
    """What of it cannot be shown, in words."""


def timed_emotion(values: Mapping[str, float], seconds: float = 0.0) -> TimedEmotion:
    """Return what a client asks for; several at once add up, each to 1 at most."""
    shares: dict[str, float] = {}
    ignored: list[str] = []
    for name, value in sorted(values.items()):
        parts = SHARES.get(name.lower())
        if not math.isfinite(value) or (value != 0 and not parts):
            ignored.append(f"emotion {name[:LONGEST_NAME]} {value:g} is not shown here")
            continue
        for part, share in (parts or {}).items():
            felt = shares.get(part, 0.0) + share * min(max(value, 0.0), 1.0)
            shares[part] = min(felt, 1.0)
    return TimedEmotion(seconds, emotion_of(shares), tuple(ignored))


def timed_emotions(keys: Iterable[Any]) -> list[TimedEmotion]:
    """Return `EmotionWithTimeCode` messages in the order of their times."""
    timed = [
        timed_emotion(key.emotion, min(key.time_code, LONGEST_S))
        for key in keys
        if math.isfinite(key.time_code)
    ]
    return sorted(timed, key=lambda one: one.seconds)
