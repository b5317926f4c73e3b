"""The LibriSpeech utterances that came without phone times, aligned by the embedded model."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from facewire_engines.phones.engine import load_embedded
from facewire_training.data.align import align, pronunciations
from facewire_training.data.corpora.corpus import SAMPLE_RATE, Utterance, cover_gaps
from facewire_training.data.corpora.librispeech import LibriSpeech


@dataclass(frozen=True, slots=True)
class Readings:
    """Training speakers only; what does not fit its text is left out."""

    libri: LibriSpeech

    def utterances(self) -> Iterator[Utterance]:
        """Yield the utterances.

        Raises:
            ConfigError: the folder lacks a file, or pocketsphinx or espeak-ng is not installed.
        """
        engine, pronounce = load_embedded(), pronunciations()
        texts = self.libri.texts()
        for read in self.libri.without_phones():
            found = align(engine, read.samples, texts[read.name], pronounce)
            if found is not None:
                covered = cover_gaps(found, len(read.samples) / SAMPLE_RATE)
                yield replace(read, phones=covered, corpus="readings")
