"""What a voice tells of its speaker: how aroused, and a little of how pleased.

Rules, not a model: nobody's recorded feelings were at hand to learn from. A voice is measured
against what is usual for it, so neither the microphone's gain nor a deep voice counts.
"""

from collections import deque

import numpy as np

from facewire.emotion import NAMES, Emotion
from facewire.face.emotion.prosody import BRIGHTNESS, LEVEL, PITCH, Prosody
from facewire.frames import Samples

_STEPS = np.array([6.0, 3.0, 4.0])
"""Level in dB, pitch in semitones and brightness in dB by which an aroused voice is raised: about
half of what actors do in hot anger and elation (Banse & Scherer 1996)."""
_UNSURE_VALENCE = 0.5
"""The most that is believed of valence, which voices tell less of than of arousal (Goudbeek &
Scherer 2010)."""
_HEARD_FROM, _HEARD_BY = 100, 200
"""Hops with voice after which what is usual begins to be known, and is."""
_HOLDS, _FADES = 75, 100
"""Hops of silence for which what was heard holds, and in which it then fades."""


def arousal_of(prosody: Prosody) -> float:
    """Return how aroused the voice is against its usual, in [-1, 1].

    Louder, higher and brighter is more (Juslin & Laukka 2003, table 7).
    """
    raised = prosody.raised / _STEPS
    return float(np.clip(raised[[LEVEL, PITCH, BRIGHTNESS]].mean(), -1, 1))


def valence_of(prosody: Prosody) -> float:
    """Return how pleased the voice is, in [-1, 1], of which little is sure.

    Livelier pitch with less of a shout in it is more (Juslin & Laukka 2003, table 7).
    """
    harsh = prosody.raised[BRIGHTNESS] / _STEPS[BRIGHTNESS] - prosody.raised[PITCH] / _STEPS[PITCH]
    told = (prosody.liveliness - harsh) / 2
    return _UNSURE_VALENCE * float(np.clip(told, -1, 1))


def emotion_from(arousal: float, valence: float) -> Emotion:
    """Return the emotion at a place of Russell's circumplex (1980).

    Args:
        arousal: in [-1, 1].
        valence: in [-1, 1].
    """
    up, down = max(arousal, 0.0), max(-arousal, 0.0)
    pleased, displeased = max(valence, 0.0), max(-valence, 0.0)
    shares = dict.fromkeys(NAMES, 0.0)
    shares["happy"] = up * pleased
    shares["angry"] = up * displeased
    shares["surprised"] = up * (1 - abs(valence)) / 2
    shares["sad"] = down * displeased
    shares["calm"] = down * (1 - displeased)
    return Emotion(tuple(shares.values()))


class VoiceEmotion:
    """Follows one stream of sound. Used by one thread at a time.

    What it tells of a moment depends on the sound before it alone, however it was cut.
    """

    def __init__(self, sample_rate: int) -> None:
        """Begin with a voice that nobody has heard."""
        self._prosody = Prosody(sample_rate)
        self._waiting: deque[Samples] = deque()
        self._next = 0
        """The first sample that waits."""
        self._end = 0
        """The first sample that has not come."""

    def push(self, samples: Samples) -> None:
        """Take the next samples [N]."""
        if len(samples):
            self._waiting.append(samples)
            self._end += len(samples)

    def skip(self, sample: int) -> None:
        """Forget, unheard, all sound before a sample that has come."""
        self._take(sample - self._next)

    def at(self, sample: int) -> Emotion:
        """Return what the voice tells at a sample; earlier ones cannot be asked any more."""
        hop = self._prosody.hop
        while min(sample, self._end) - self._next >= hop:
            self._prosody.hear(self._take(hop))
        return self._told()

    def _take(self, count: int) -> Samples:
        """Take so many samples away; fewer where no more have come."""
        taken: list[Samples] = []
        while count > 0 and self._waiting:
            first = self._waiting.popleft()
            if len(first) > count:
                self._waiting.appendleft(first[count:])
                first = first[:count]
            taken.append(first)
            count -= len(first)
            self._next += len(first)
        return np.concatenate(taken) if taken else np.zeros(0, np.float32)

    def _told(self) -> Emotion:
        prosody = self._prosody
        known = (prosody.voiced - _HEARD_FROM) / (_HEARD_BY - _HEARD_FROM)
        left = 1 - (prosody.silent - _HOLDS) / _FADES
        shown = float(np.clip(min(known, left), 0, 1))
        if shown == 0:
            return Emotion()
        return emotion_from(shown * arousal_of(prosody), valence_of(prosody))
