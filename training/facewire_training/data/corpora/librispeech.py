"""Read English by many speakers, with phone times from forced alignment (LibriSpeech, CC BY 4.0).

Panayotov et al. 2015, "LibriSpeech: an ASR corpus based on public domain audio books".
"""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facewire.errors import ConfigError
from facewire_training.data.corpora.audio_file import read_mono
from facewire_training.data.corpora.corpus import SAMPLE_RATE, Utterance, cover_gaps
from facewire_training.data.splits import LIBRISPEECH
from facewire_training.phones import PhoneInterval, read_phones_tsv

ALIGNER_EARLY_S = 0.008
"""The mean by which the aligner's onsets precede hand labels of other speech."""


@dataclass(frozen=True, slots=True)
class LibriSpeech:
    """The aligned utterances of a folder with `audio/`, `phones.tsv.gz`, `transcripts.tsv.gz`."""

    root: Path
    delay_s: float = ALIGNER_EARLY_S
    """Added to every phone time of the file; 0 gives them as they were published."""

    def train(self, order: np.random.Generator | None = None) -> Iterator[Utterance]:
        """Yield the aligned utterances of the training speakers, in any order if it is drawn.

        Raises:
            ConfigError: the folder lacks a file.
        """
        return self._utterances(validation=False, order=order)

    def validation(self) -> Iterator[Utterance]:
        """Yield the aligned utterances of the validation speakers.

        Raises:
            ConfigError: the folder lacks a file.
        """
        return self._utterances(validation=True)

    def unaligned(self) -> list[str]:
        """Return the names of the utterances of the training speakers that nobody has aligned.

        Raises:
            ConfigError: the folder lacks a file.
        """
        names = list(self.transcripts())
        aligned = read_phones_tsv(self.root / "phones.tsv.gz")
        return [name for name in names if name not in aligned]

    def without_phones(self) -> Iterator[Utterance]:
        """Yield the utterances of `unaligned`, without phones.

        Raises:
            ConfigError: the folder lacks a file.
        """
        for name in self.unaligned():
            samples = read_mono(self.root / "audio" / f"{name}.opus")
            yield Utterance(name, samples, (), speaker_of(name), "librispeech")

    def transcripts(self) -> dict[str, str]:
        """Return the lower-case text of every utterance of the training speakers, aligned or not.

        Raises:
            ConfigError: the folder lacks the file.
        """
        return {
            name: text
            for name, text in self.texts().items()
            if speaker_of(name) not in LIBRISPEECH.held_out
        }

    def texts(self) -> dict[str, str]:
        """Return the lower-case text of every utterance.

        Raises:
            ConfigError: the folder lacks the file.
        """
        path = self.root / "transcripts.tsv.gz"
        try:
            with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
                rows = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"cannot read {path}: {error}; give the LibriSpeech folder"
            ) from error
        return {row[0]: row[1].lower() for row in rows if len(row) == 2}

    def _utterances(
        self, *, validation: bool, order: np.random.Generator | None = None
    ) -> Iterator[Utterance]:
        aligned = read_phones_tsv(self.root / "phones.tsv.gz")
        names = [n for n in aligned if (speaker_of(n) in LIBRISPEECH.held_out) == validation]
        if order is not None:
            names = [names[place] for place in order.permutation(len(names))]
        for name in names:
            yield self._utterance(name, aligned[name])

    def _utterance(self, name: str, phones: list[PhoneInterval]) -> Utterance:
        samples = read_mono(self.root / "audio" / f"{name}.opus")
        later = [
            PhoneInterval(p.start_s + self.delay_s, p.end_s + self.delay_s, p.phone_index)
            for p in phones
        ]
        covered = cover_gaps(later, len(samples) / SAMPLE_RATE)
        return Utterance(name, samples, covered, speaker_of(name), "librispeech")


def speaker_of(utterance: str) -> str:
    """Return the speaker's number of an utterance name like `1088-134315-0000`."""
    return utterance.split("-", 1)[0]
