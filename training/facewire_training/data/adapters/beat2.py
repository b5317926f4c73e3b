"""BEAT2 (Liu et al. 2024, "EMAGE"): faces in FLAME's parameters, brought to ARKit's.

The data, and the matrix, are for non-commercial research (`data/beat`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from facewire_training.data.adapters.clip import Clip, Face, clip_of
from facewire_training.data.beat.beat2 import Beat2Corpus
from facewire_training.data.capture import Capture
from facewire_training.data.corpora.corpus import Utterance


@dataclass(frozen=True, slots=True)
class Beat2:
    """One language of the data set."""

    root: Path
    matrix: Path
    """A .npy file with the authors' 51 by 103 matrix."""
    split: str = "test"
    """The recordings of which `type` are taken."""

    def clips(self) -> Iterator[Clip]:
        """Yield the recordings of the split.

        Raises:
            ConfigError: the folder or the matrix lacks something.
        """
        return map(_clip, Beat2Corpus(self.root, self.matrix).captures(self.split))


def _clip(capture: Capture) -> Clip:
    utterance = Utterance(
        capture.name, capture.samples, capture.phones, capture.speaker, capture.corpus
    )
    return clip_of(utterance, Face(capture.weights, capture.frame_rate, capture.known))
