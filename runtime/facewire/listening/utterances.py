"""Cuts a stream of sound into what somebody said: from the first word to the pause after the last.

How the sound is cut into pieces does not change the utterances.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from facewire.frames import Samples
from facewire.listening.activity import HOP, SAMPLE_RATE, SpeechActivity

BEGINS, GOES_ON = 0.5, 0.35
"""How sure the judge has to be that somebody speaks, and that they still do."""
_BEGINNING = 3
"""Hops in a row that make a beginning: a click is shorter."""
_BEFORE = 10
"""Hops kept before that, so that no first sound is cut off."""
PAUSE_S = 0.5
"""A pause of so many seconds ends an utterance."""
LONGEST_S = 30.0
"""Seconds; a longer utterance is taken as it stands, and the next one begins after a pause."""


@dataclass(frozen=True, slots=True)
class SpeechBegins:
    """Somebody speaks."""

    sample: int
    """From about here on, at 16 kHz."""


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """What somebody said."""

    samples: Samples
    """[N] at 16 kHz, with a little of what was before and after."""
    end: int
    """The sample of the stream after the last that was speech."""
    known: int
    """How many samples had to be heard to know that."""
    whole: bool = True
    """Whether it ended with a pause."""


class UtteranceListener:
    """Listens to one stream. Used by one thread at a time."""

    def __init__(
        self, activity: SpeechActivity, *, pause_s: float = PAUSE_S, longest_s: float = LONGEST_S
    ) -> None:
        """Begin with silence.

        Args:
            activity: judges each hop.
            pause_s: what ends an utterance.
            longest_s: after so long one ends without a pause.
        """
        self._activity = activity
        self._pause = max(1, round(pause_s * SAMPLE_RATE / HOP))
        self._longest = max(_BEGINNING + 1, round(longest_s * SAMPLE_RATE / HOP))
        self._rest: Samples = np.zeros(0, np.float32)
        self._heard = 0
        self._loud = 0
        """Hops of speech in a row."""
        self._quiet = 0
        """Hops without in a row."""
        self._before = deque[Samples](maxlen=_BEFORE + _BEGINNING)
        self._said: list[Samples] | None = None
        """What is being said."""
        self._waits = False
        """For a pause, after an utterance that was too long."""

    def push(self, samples: Samples) -> list[SpeechBegins | Utterance]:
        """Take the next samples [N] at 16 kHz, and return what they tell."""
        told: list[SpeechBegins | Utterance] = []
        joined = np.concatenate([self._rest, samples])
        whole = len(joined) - len(joined) % HOP
        for start in range(0, whole, HOP):
            event = self._hear(joined[start : start + HOP])
            if event is not None:
                told.append(event)
        self._rest = joined[whole:]
        return told

    def _hear(self, hop: Samples) -> SpeechBegins | Utterance | None:
        self._heard += HOP
        sure = self._activity.probability(hop)
        speaks = sure >= (GOES_ON if self._said is not None else BEGINS)
        self._loud = self._loud + 1 if speaks else 0
        self._quiet = 0 if speaks else self._quiet + 1
        if self._said is None:
            return self._wait(hop)
        self._said.append(hop)
        if self._quiet >= self._pause:
            return self._end(whole=True)
        if len(self._said) >= self._longest:
            self._waits = True
            return self._end(whole=False)
        return None

    def _wait(self, hop: Samples) -> SpeechBegins | None:
        self._before.append(hop)
        if self._waits:
            self._waits = self._quiet < self._pause
            self._loud = 0
        if self._loud < _BEGINNING:
            return None
        self._said = list(self._before)
        self._before.clear()
        return SpeechBegins(self._heard - _BEGINNING * HOP)

    def _end(self, *, whole: bool) -> Utterance:
        assert self._said is not None, "somebody speaks"
        samples, self._said = np.concatenate(self._said), None
        self._loud = 0
        end = self._heard - self._quiet * HOP
        return Utterance(samples, end, self._heard, whole)
