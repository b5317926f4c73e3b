"""What every adapter yields: speech, and what is known of the face that said it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facewire_training.data.corpora.corpus import Utterance
from facewire_training.data.mouth_motion import TrueMotion, motion_of
from facewire_training.take import Take


class Face(NamedTuple):
    """A captured face."""

    weights: NDArray[np.float32]
    """[T, 52], in the order of `arkit.NAMES`."""
    frame_rate: Fraction
    """Frames per second; frame 0 is shown when the audio starts."""
    known: NDArray[np.bool_] | None = None
    """[52], which shapes were captured: the others are 0 and mean nothing. None if all were."""


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Speech of a set to measure on. What is not known of it is not measured."""

    utterance: Utterance
    """Without phones if their times are not known."""
    face: Take | None = None
    """The true weights."""
    motion: TrueMotion | None = None
    """The true course of the mouth."""


def clip_of(utterance: Utterance, face: Face | None) -> Clip:
    """Return a clip of speech and the face that was captured with it, if there is one."""
    if face is None:
        return Clip(utterance)
    take = Take(face.weights, face.frame_rate, utterance.phones, face.known)
    return Clip(utterance, take, motion_of(take))
