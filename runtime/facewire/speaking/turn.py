"""A turn: one utterance, its audio, faces and words on one clock, on their way to be played."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from facewire import arkit
from facewire.clock import MILLISECOND
from facewire.frames import BlendshapeFrame, Samples
from facewire.speaking.voice import Span

_SHORT = 2
"""Samples that rounding to frames can leave over at the end of a turn; nobody hears them."""

REMEMBERED_LEADS = 36_000
"""Faces whose leads the median is of, the last ones: a turn may go on for hours."""

AT_REST = BlendshapeFrame(np.zeros(arkit.COUNT, np.float32), 0, 0, speech=0.0)
"""The face of nobody who speaks."""


@dataclass(frozen=True, slots=True)
class FaceLead:
    """How long before their sound the faces of a turn left, in ms; below 0 is too late."""

    first: float
    least: float
    median: float


@dataclass(frozen=True, slots=True)
class Cut:
    """What an interrupt did."""

    turn: int
    sample: int | None
    """The last sample of the turn that was heard; None if none was."""
    frame: int | None
    """Index of the last frame that counts; None if the turn had not begun, so that all do."""
    at_ms: float
    """How long after the turn began that was."""
    speech_ms: float
    """How much of the turn's own speech was heard: less, if it had to wait for more."""
    dropped: tuple[int, ...]
    """Turns that stood behind it."""


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
        self.dropped = False
        """Whether it was interrupted: nothing of it is shown any more."""
        self.complete = False
        """Whether all of it was made."""
        self.failed = False
        """Whether somebody was told that it could not be made whole."""
        self.told = False
        """Whether somebody was told that it has been given away."""
        self.start: int | None = None
        """The sample of the stream at which it began; None before."""
        self.end = 0
        """The first sample of the stream after what was played of it."""
        self.frames = 0
        """How many were given away."""
        self._has_audio = audio
        self._faces: deque[BlendshapeFrame] = deque()
        self._last = AT_REST
        self._audio: deque[Samples] = deque()
        self._waiting = 0
        self._own = 0
        self._known = 0
        self._settled = False
        self._ends_with_sound = False
        self._words: deque[tuple[int, tuple[Span, ...]]] = deque()
        self._leads: deque[int] = deque(maxlen=REMEMBERED_LEADS)
        self._first_lead = 0
        self._least_lead = 0

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
        over = not self._faces or (self._ends_with_sound and self._own >= self._known)
        return self.complete and over and self._waiting < _SHORT

    def show(self, frames: Iterable[BlendshapeFrame]) -> None:
        """Take the next faces."""
        self._faces.extend(frames)

    def hear(self, samples: Samples) -> None:
        """Take the next samples; a turn without audio only counts them."""
        self._known += len(samples)
        self._settled = False
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

    def settle(self) -> None:
        """Say that nothing more is known for now: what there is can be played to its end."""
        self._settled = True

    def end_with_sound(self) -> None:
        """Say that no more sound comes, and that faces which have none are not to be shown."""
        self._ends_with_sound = self._has_audio

    def ready(self, count: int) -> bool:
        """Tell whether there is enough for a frame interval of `count` samples."""
        if self.drained or self.dropped:
            return False
        if self.complete:
            return True
        enough = not self._has_audio or self._waiting >= count or self._settled
        return bool(self._faces) and enough

    def take(self, count: int) -> TurnInterval:
        """Give the next frame interval away, `count` samples; only where it is ready."""
        if self._faces:
            self._last = self._faces.popleft()
        own = self._own
        self._own += count
        words: list[Span] = []
        while self._words and (self._words[0][0] < self._own or self.complete):
            words += self._words.popleft()[1]
        self.frames += 1
        return TurnInterval(self._last, self._cut(count), tuple(words), own)

    def lead(self, ahead: int) -> None:
        """Note that a face left so many ns before its sound."""
        if not self._leads:
            self._first_lead = self._least_lead = ahead
        self._least_lead = min(self._least_lead, ahead)
        self._leads.append(ahead)

    def face_lead(self) -> FaceLead | None:
        """Return how early its faces were; None if there were none."""
        if not self._leads:
            return None
        found = (self._first_lead, self._least_lead, float(np.median(np.array(self._leads))))
        return FaceLead(*(lead / MILLISECOND for lead in found))

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
