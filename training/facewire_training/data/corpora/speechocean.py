"""English by speakers of Mandarin, half of them children (speechocean762, Zhang et al. 2021).

Free for commercial and non-commercial purposes, as its README says. It comes with phones without
times. What is trained on is aligned to them by whoever hears phones. For those who are held out
pocketsphinx aligns its own dictionary's phones of the text, so nothing of ours has a part in them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from facewire.errors import ConfigError
from facewire.frames import Samples
from facewire_engines.phones.phone_set import phone_index
from facewire_training.data.align import align
from facewire_training.data.corpora.audio_file import read_mono
from facewire_training.data.corpora.corpus import SAMPLE_RATE, SILENCE, Utterance, cover_gaps
from facewire_training.data.corpora.librispeech import ALIGNER_EARLY_S
from facewire_training.data.recognisers import Recognise
from facewire_training.data.splits import SPEECHOCEAN
from facewire_training.phones import PhoneInterval

_STEPS_A_SECOND = 100


@dataclass(frozen=True, slots=True)
class SpeechOcean:
    """A folder with recordings by name, `text.txt` and `utt2spk.txt`."""

    root: Path

    def train(self, recognise: Recognise) -> Iterator[Utterance]:
        """Yield the utterances of those who are not held out, if their phones fit the sound.

        Raises:
            ConfigError: the folder lacks a file.
        """
        phones = self._phones()
        for name, speaker in self._table("utt2spk.txt").items():
            if speaker in SPEECHOCEAN.held_out:
                continue
            samples = read_mono(self.root / f"{name}.opus")
            if found := align(recognise(samples), phones[name]):
                yield _utterance(name, samples, found, speaker)

    def validation(self) -> Iterator[Utterance]:
        """Yield the utterances of the validation speakers whose text fits the sound.

        Raises:
            ConfigError: the folder lacks a file, or pocketsphinx is not installed.
        """
        return self._by_text(SPEECHOCEAN.validation)

    def test(self) -> Iterator[Utterance]:
        """Yield the utterances of the test speakers whose text fits the sound.

        Raises:
            ConfigError: the folder lacks a file, or pocketsphinx is not installed.
        """
        return self._by_text(SPEECHOCEAN.test)

    def _by_text(self, speakers: frozenset[str]) -> Iterator[Utterance]:
        aligner, texts = _Aligner(), self._table("text.txt")
        for name, speaker in self._table("utt2spk.txt").items():
            if speaker not in speakers:
                continue
            samples = read_mono(self.root / f"{name}.opus")
            if phones := aligner.align(samples, texts[name].lower()):
                yield _utterance(name, samples, phones, speaker)

    def _phones(self) -> dict[str, list[list[int]]]:
        """Return the classes of each word's phones, of each utterance."""
        found: dict[str, list[list[int]]] = {}
        # A line is `UTTERANCE.WORD  W_B IY0_E`: a phone, its stress, its place in the word.
        for place, phones in self._table("text-phone.txt").items():
            word = [phone_index(phone.split("_")[0]) for phone in phones.split()]
            found.setdefault(place.split(".")[0], []).append(word)
        return found

    def _table(self, name: str) -> dict[str, str]:
        path = self.root / name
        try:
            rows = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"cannot read {path}: {error}; give the speechocean762 folder"
            ) from error
        pairs = (row.split(maxsplit=1) for row in rows if row.strip())
        return {utterance: value.strip() for utterance, value in pairs}


def _utterance(
    name: str, samples: Samples, phones: Iterable[PhoneInterval], speaker: str
) -> Utterance:
    covered = cover_gaps(phones, len(samples) / SAMPLE_RATE)
    return Utterance(name, samples, covered, speaker, "speechocean")


class _Aligner:
    """PocketSphinx's forced alignment of a text, down to phones."""

    def __init__(self) -> None:
        try:
            pocketsphinx = import_module("pocketsphinx")
        except ImportError as error:
            raise ConfigError(
                "pocketsphinx is not installed; install it: pip install pocketsphinx"
            ) from error
        self._decoder: Any = pocketsphinx.Decoder(lm=None, loglevel="FATAL")
        self._mean: Any = self._decoder.get_cmn(False)

    def align(self, samples: np.ndarray, text: str) -> list[PhoneInterval]:
        """Return the phones of a text and their times; none if it does not fit."""
        if not all(self._decoder.lookup_word(word) for word in text.split()):
            return []
        pcm = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes()
        try:
            self._decoder.set_align_text(text)
            self._hear(pcm)
            self._decoder.set_alignment()
            self._hear(pcm)
            aligned = self._decoder.get_alignment()
        except RuntimeError:
            return []
        if aligned is None:
            return []
        return [
            PhoneInterval(
                entry.start / _STEPS_A_SECOND + ALIGNER_EARLY_S,
                (entry.start + entry.duration) / _STEPS_A_SECOND + ALIGNER_EARLY_S,
                SILENCE if entry.name == "SIL" or "+" in entry.name else phone_index(entry.name),
            )
            for entry in aligned.phones()
        ]

    def _hear(self, pcm: bytes) -> None:
        # What was heard before must not matter.
        self._decoder.set_cmn(self._mean)
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, full_utt=True)
        self._decoder.end_utt()
