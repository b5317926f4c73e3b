"""Captured faces: speech together with the mouth that was seen to say it."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from facewire import arkit
from facewire.frames import Samples
from facewire_engines.phones.phone_set import TOKEN_RATE
from facewire_training.animation.effort import loudness_db
from facewire_training.data.corpora.corpus import SAMPLE_RATE, SILENCE, TOKEN_SIZE, Utterance
from facewire_training.phones import PhoneInterval

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

QUIET_DB = 35.0
"""What is this far under the loudest twentieth of a clip is silent, if it lasts."""
QUIET_S = 0.20
"""How long it has to last: no closure of a stop does."""
QUIET_MARGIN_S = 0.05
"""What is left off at both ends of a silence: breath, and voices that fade."""


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """A clip and its true face. Frame `i` stands `start_s + i / frame_rate` into the audio."""

    name: str
    """Unique within its corpus."""
    samples: Samples
    """Mono float32 [S] in [-1, 1] at 16 kHz."""
    weights: Floats
    """[T, 52] by `facewire.arkit.NAMES`; a row is NaN where the face was not seen."""
    known: Mask
    """[52], the shapes that were captured; the others' weights mean nothing."""
    frame_rate: Fraction
    """Frames per second."""
    corpus: str
    speaker: str
    start_s: float = 0.0
    """When frame 0 stands; what the capture lags the sound has been taken off."""
    phones: tuple[PhoneInterval, ...] = ()
    """What is said, where the corpus comes with it."""

    def __post_init__(self) -> None:
        if self.weights.shape[1:] != (arkit.COUNT,) or self.known.shape != (arkit.COUNT,):
            raise ValueError(f"weights {self.weights.shape} and known {self.known.shape}")

    @property
    def duration_s(self) -> float:
        """Length of the audio in seconds."""
        return len(self.samples) / SAMPLE_RATE

    def times_s(self) -> NDArray[np.float64]:
        """Return when each frame stands, [T], in seconds from the start of the audio."""
        return self.start_s + np.arange(len(self.weights)) / float(self.frame_rate)

    def seen(self) -> Mask:
        """Return in which frames the face was seen, [T]."""
        return np.asarray(~np.isnan(self.weights).any(axis=1))

    def at(self, times_s: NDArray[np.floating]) -> tuple[Floats, Mask]:
        """Return the face at any moments: `[N, 52]`, and whether it was seen around them, [N].

        Between frames by monotone cubics (Fritsch & Carlson 1980), which never overshoot. A moment
        is seen if no frame beside it is missing; up to one frame before the first and after the
        last the face is held. Rows of unseen moments are zero.
        """
        times, seen = self.times_s(), self.seen()
        place = (np.asarray(times_s, np.float64) - self.start_s) * float(self.frame_rate)
        near = (place >= -1) & (place <= len(times))
        left = np.clip(np.floor(place).astype(int), 0, len(times) - 1)
        right = np.clip(np.ceil(place).astype(int), 0, len(times) - 1)
        sure = near & seen[left] & seen[right]
        faces = np.zeros((len(place), arkit.COUNT), np.float32)
        if seen.sum() >= 2 and sure.any():
            curve = PchipInterpolator(times[seen], self.weights[seen], axis=0)
            held = np.clip(times_s, times[seen][0], times[seen][-1])
            faces[sure] = curve(held[sure])
        return faces, sure

    def tokens(self) -> tuple[Floats, Mask]:
        """Return the face at the centre of each 10 ms of the audio, [N, 52], and what is known.

        The second value, [N, 52], tells which weights of which tokens to trust.
        """
        count = len(self.samples) // TOKEN_SIZE
        faces, sure = self.at((np.arange(count) + 0.5) / TOKEN_RATE)
        return faces * self.known, sure[:, None] & self.known

    def utterance(self) -> Utterance:
        """Return the speech; where nobody knows its phones, only the silences are told."""
        phones = self.phones or silences(self.samples)
        return Utterance(self.name, self.samples, phones, self.speaker, self.corpus)


def silences(samples: Samples) -> tuple[PhoneInterval, ...]:
    """Return where mono speech at 16 kHz is certainly silent, by its level alone."""
    level = loudness_db(samples, SAMPLE_RATE)
    if not len(level):
        return ()
    quiet = level < np.percentile(level, 95) - QUIET_DB
    runs = np.flatnonzero(np.diff(quiet, prepend=False, append=False)).reshape(-1, 2) / TOKEN_RATE
    ends_s = len(level) / TOKEN_RATE
    found = []
    for start_s, end_s in runs[runs[:, 1] - runs[:, 0] >= QUIET_S - 1e-9]:
        # Silence may well go on beyond the clip: no margin there.
        first_s = start_s + (QUIET_MARGIN_S if start_s > 0 else 0.0)
        last_s = end_s - (QUIET_MARGIN_S if end_s < ends_s else 0.0)
        found.append(PhoneInterval(float(first_s), float(last_s), SILENCE))
    return tuple(found)
