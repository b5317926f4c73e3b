"""A turn: one utterance, its audio, faces and words on one clock, on their way to be played."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from facewire import arkit
from facewire.clock import MILLISECOND
from facewire.emotion import Emotion
from facewire.frames import BlendshapeFrame, Samples
from facewire.speaking.alignment.captions import Captions
from facewire.speaking.text.feelings import Feeling
from facewire.speaking.voice import Span
from facewire.stream.holding_values import HoldingValues

_SHORT = 2
"""Samples that rounding to frames can leave over at the end of a turn; nobody hears them."""

REMEMBERED_LEADS = 36_000
"""Faces whose leads the median is of, the last ones: a turn may go on for hours."""

AT_REST = BlendshapeFrame(np.zeros(arkit.COUNT, np.float32), 0, 0, speech=0.0)
"""The face of nobody who speaks."""


class TurnState(Enum):
    """How far a turn is."""

    SYNTHESISING = "synthesising"
    """It is being made, or nothing has come of it yet."""
    WAITING = "waiting"
    """Nothing more of it is known for now: what there is can be played to its end."""
    COMPLETE = "complete"
    """All of it has been made."""
    PLAYED = "played"
    """All of it has been given away, and whoever wanted to know has been told."""
    INTERRUPTED = "interrupted"
    """Nothing of it is shown any more."""


@dataclass(frozen=True, slots=True)
class FaceLead:
    """How long before their sound the faces of a turn left, in ms; below 0 is too late."""

    first: float
    least: float
    median: float


class FaceLeads:
    """Collects how long before their sound faces leave."""

    def __init__(self) -> None:
        self._first = self._least = 0
        self._last = deque[int](maxlen=REMEMBERED_LEADS)

    def add(self, ahead: int) -> None:
        """Note that a face left so many ns before its sound."""
        if not self._last:
            self._first = self._least = ahead
        self._least = min(self._least, ahead)
        self._last.append(ahead)

    def found(self) -> FaceLead | None:
        """Return how early they were; None if there were none."""
        if not self._last:
            return None
        leads = (self._first, self._least, float(np.median(np.array(self._last))))
        return FaceLead(*(lead / MILLISECOND for lead in leads))


@dataclass(frozen=True, slots=True, eq=False)
class TurnInterval:
    """What is shown and heard from one frame to the next."""

    frame: BlendshapeFrame
    """Its index and timestamp do not count."""
    audio: Samples
    """[T]; empty where the turn has no audio."""
    words: tuple[Span, ...]
    """Words that are known from here on, on the turn's own clock."""
    own: int
    """Samples of the turn before this interval."""


class Turn:
    """Takes what is made of an utterance, and gives it away frame interval by frame interval."""

    def __init__(self, number: int, *, audio: bool) -> None:
        """Begin with nothing.

        Args:
            number: which turn of the stream.
            audio: whether audio belongs to it, so that faces wait for their sound.
        """
        self.number = number
        self.failed = False
        """Whether somebody was told that it could not be made whole; what there is, is played."""
        self.captions: Captions | None = None
        """Words that are told as they are said, besides those of `note`."""
        self.start: int | None = None
        """The sample of the stream at which it began; None before."""
        self.end = 0
        """The first sample of the stream after what was played of it."""
        self.frames = 0
        """How many were given away."""
        self.leads = FaceLeads()
        self._state = TurnState.SYNTHESISING
        self._has_audio = audio
        self._faces: deque[BlendshapeFrame] = deque()
        self._last = AT_REST
        self._audio: deque[Samples] = deque()
        self._waiting = 0
        self._own = 0
        self._known = 0
        self._ends_with_sound = False
        self._words: deque[tuple[int, tuple[Span, ...]]] = deque()
        self._emotions = HoldingValues[Emotion | None](None)

    @property
    def state(self) -> TurnState:
        """How far it is; `hear`, `settle`, `complete`, `tell` and `interrupt` change it."""
        return self._state

    @property
    def interrupted(self) -> bool:
        """Whether nothing of it is shown any more."""
        return self._state is TurnState.INTERRUPTED

    @property
    def unfinished(self) -> bool:
        """Whether more of it may be made."""
        return self._state in (TurnState.SYNTHESISING, TurnState.WAITING)

    @property
    def faces_waiting(self) -> int:
        """How many faces have been made, and not been given away."""
        return len(self._faces)

    @property
    def samples_waiting(self) -> int:
        """How much audio has been made, and not been given away."""
        return self._waiting

    @property
    def samples_made(self) -> int:
        """How many samples of it are known, on its own clock."""
        return self._known

    @property
    def samples_left(self) -> int:
        """How many of those have not been given away, whether or not it has audio."""
        return max(0, self._known - self._own)

    @property
    def drained(self) -> bool:
        """Whether all of it has been given away."""
        if self._state is not TurnState.COMPLETE:
            return self._state is TurnState.PLAYED
        over = not self._faces or (self._ends_with_sound and self._own >= self._known)
        return over and self._waiting < _SHORT

    def show(self, frames: Iterable[BlendshapeFrame]) -> None:
        """Take the next faces."""
        self._faces.extend(frames)

    def hear(self, samples: Samples) -> None:
        """Take the next samples, after which more may come; without audio only count them."""
        self._known += len(samples)
        if self._state is TurnState.WAITING:
            self._state = TurnState.SYNTHESISING
        if self._has_audio and len(samples):
            self._audio.append(samples)
            self._waiting += len(samples)

    def note(self, words: Sequence[Span]) -> None:
        """Take words of the audio that comes next, counted from its beginning."""
        if words:
            on_own_clock = tuple(
                replace(word, start=word.start + self._known, end=word.end + self._known)
                for word in words
            )
            self._words.append((self._known, on_own_clock))

    def feel(self, feelings: Sequence[Feeling]) -> None:
        """Take what is felt in the audio that comes next, counted from its beginning."""
        for feeling in feelings:
            self._emotions.add(max(self._known + feeling.start, 0), feeling.emotion)

    def settle(self) -> None:
        """Say that nothing more is known for now."""
        if self._state is TurnState.SYNTHESISING:
            self._state = TurnState.WAITING

    def complete(self) -> None:
        """Say that all of it has been made."""
        if self.unfinished:
            self._state = TurnState.COMPLETE

    def tell(self) -> bool:
        """Say whether it has been given away whole, once."""
        if self._state is not TurnState.COMPLETE or not self.drained:
            return False
        self._state = TurnState.PLAYED
        return True

    def interrupt(self) -> None:
        """Show nothing of it any more."""
        self._state = TurnState.INTERRUPTED

    def fail(self, *, with_sound: bool = False) -> None:
        """Note that somebody was told that it cannot be made whole.

        Args:
            with_sound: whether no more sound comes, so that faces that have none are not shown.
        """
        self.failed = True
        self._ends_with_sound |= with_sound and self._has_audio

    def ready(self, count: int) -> bool:
        """Tell whether there is enough for a frame interval of `count` samples."""
        if self.drained or self.interrupted:
            return False
        if not self.unfinished:
            return True
        settled = self._state is TurnState.WAITING
        enough = not self._has_audio or self._waiting >= count or settled
        return bool(self._faces) and enough

    def take(self, count: int) -> TurnInterval:
        """Give the next frame interval away, `count` samples; only where it is ready."""
        if self._faces:
            self._last = self._faces.popleft()
        own = self._own
        if self._state is TurnState.WAITING:
            self._hear_silence(own + count - self._known)
        frame = replace(self._last, emotion=self._emotions.advance(own))
        self._own += count
        words: list[Span] = []
        while self._words and (self._words[0][0] < self._own or not self.unfinished):
            words += self._words.popleft()[1]
        if self.captions is not None:
            until = min(self._own, self._known)
            words += self.captions.take(until, complete=not self.unfinished)
        self.frames += 1
        return TurnInterval(frame, self._cut(count), tuple(words), own)

    def _hear_silence(self, missing: int) -> None:
        """Fill up the last interval before a pause, so that what comes next begins with a face."""
        if missing > 0:
            self.hear(np.zeros(missing, np.float32))
            self.settle()

    def _cut(self, count: int) -> Samples:
        """Remove the next samples, at most `count`; the last ones of a turn may be fewer."""
        taken: list[Samples] = []
        while count and self._audio:
            samples = self._audio.popleft()
            if len(samples) > count:
                self._audio.appendleft(samples[count:])
                samples = samples[:count]
            taken.append(samples)
            count -= len(samples)
            self._waiting -= len(samples)
        return np.concatenate(taken) if taken else np.zeros(0, np.float32)
