"""BEAT2's recordings with their faces, for training: `beat_english_v2.0.0`, or another language.

Layout: `wave16k/*.wav`, `textgrid/*.TextGrid`, `smplxflame_30/*.npz` and `train_test_split.csv`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from facewire_training.data.adapters.phone_times import read_phone_times
from facewire_training.data.beat.flame import FRAME_RATE, KNOWN, read_flame, read_matrix
from facewire_training.data.beat.split import FILE, recordings, speaker_of
from facewire_training.data.capture import Capture
from facewire_training.data.corpora.audio_file import read_mono
from facewire_training.data.corpora.corpus import SAMPLE_RATE, cover_gaps

NAME = "beat2"


@dataclass(frozen=True, slots=True)
class Beat2Corpus:
    """One language of the data set."""

    root: Path
    matrix: Path
    """A .npy file with the authors' matrix (`flame.py`)."""

    def captures(self, kind: str) -> Iterator[Capture]:
        """Yield the recordings of a type of the official split: train, val, test or additional.

        Raises:
            ConfigError: there is none, or the folder or the matrix lacks something.
        """
        to_arkit = read_matrix(self.matrix)
        for name in recordings(self.root / FILE, kind):
            samples = read_mono(self.root / "wave16k" / f"{name}.wav")
            phones = read_phone_times(self.root / "textgrid" / f"{name}.TextGrid")
            yield Capture(
                name=name,
                samples=samples,
                weights=read_flame(self.root / "smplxflame_30" / f"{name}.npz", to_arkit),
                known=KNOWN,
                frame_rate=FRAME_RATE,
                corpus=NAME,
                speaker=speaker_of(name),
                phones=cover_gaps(phones, len(samples) / SAMPLE_RATE),
            )
