"""LibriSpeech's utterances that came without phone times, aligned by whoever hears phones.

* `Readings`: of the training speakers of `librispeech/`, by their transcripts
* `Voices`: of `librispeech_251/`, one of each of 221 more speakers. Two of three have a transcript
  made by a machine; the others, and those that do not fit theirs, are transcribed in phones.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from facewire.errors import ConfigError
from facewire_training.data.align import Pronounce, align, pronounced, pronunciations, transcribe
from facewire_training.data.corpora.audio_file import read_mono
from facewire_training.data.corpora.corpus import SAMPLE_RATE, Utterance, cover_gaps
from facewire_training.data.corpora.librispeech import LibriSpeech, speaker_of
from facewire_training.data.recognisers import Recognise
from facewire_training.data.splits import VOICES


@dataclass(frozen=True, slots=True)
class Readings:
    """Training speakers only; what does not fit its text is left out."""

    libri: LibriSpeech
    recognise: Recognise

    def utterances(self) -> Iterator[Utterance]:
        """Yield the utterances.

        Raises:
            ConfigError: the folder lacks a file, or pocketsphinx or espeak-ng is not installed.
        """
        pronounce, texts = pronunciations(), self.libri.texts()
        for read in self.libri.without_phones():
            found = align(self.recognise(read.samples), pronounced(texts[read.name], pronounce))
            if found is not None:
                covered = cover_gaps(found, len(read.samples) / SAMPLE_RATE)
                yield replace(read, phones=covered, corpus="readings")


@dataclass(frozen=True)
class Voices:
    """A folder of recordings by name, and `transcripts_whisper_tiny_en.tsv`."""

    root: Path
    recognise: Recognise

    def train(self) -> Iterator[Utterance]:
        """Yield the utterances of all but the test speakers.

        Raises:
            ConfigError: the folder lacks a file, or pocketsphinx or espeak-ng is not installed.
        """
        return self._utterances(lambda speaker: speaker not in VOICES.held_out)

    def test(self) -> Iterator[Utterance]:
        """Yield the utterances of the test speakers that fit a transcript.

        Raises:
            ConfigError: the folder lacks a file, or pocketsphinx or espeak-ng is not installed.
        """
        return self._utterances(lambda speaker: speaker in VOICES.test, aligned_only=True)

    def _utterances(
        self, wanted: Callable[[str], bool], *, aligned_only: bool = False
    ) -> Iterator[Utterance]:
        pronounce = pronunciations()
        for path in sorted(self.root.glob("*.opus")):
            speaker = speaker_of(path.stem)
            if not wanted(speaker):
                continue
            samples = read_mono(path)
            heard = self.recognise(samples)
            words = self._words(path.stem, pronounce)
            found = align(heard, words) if words else None
            if found is None and aligned_only:
                continue
            phones = cover_gaps(found or transcribe(heard), len(samples) / SAMPLE_RATE)
            yield Utterance(path.stem, samples, phones, speaker, "voices")

    def _words(self, name: str, pronounce: Pronounce) -> list[list[int]]:
        return pronounced(self._transcripts.get(name, ""), pronounce)

    @cached_property
    def _transcripts(self) -> dict[str, str]:
        path = self.root / "transcripts_whisper_tiny_en.tsv"
        try:
            rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read {path}: {error}; give librispeech_251") from error
        return {row[0]: plain(row[1]) for row in rows if len(row) > 1}


def plain(text: str) -> str:
    """Return a text in lower case without punctuation, apostrophes in words aside."""
    return " ".join(re.findall(r"[a-z]+(?:'[a-z]+)*|[0-9]+", text.lower()))
