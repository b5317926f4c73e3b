"""Voices that take long to make are kept in the user's cache, and are the same the next time."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from facewire.errors import ConfigError
from facewire.frames import Samples
from facewire_training.data.corpora.corpus import SAMPLE_RATE, Utterance
from facewire_training.evaluation.metrics.lips.closure import OPEN_VOWELS
from facewire_training.evaluation.robustness import voices
from facewire_training.phones import PhoneInterval
from facewire_training.training_run import replace_text

_UNSUNG = "nothing to sing\n"
"""Instead of the phones of a song, where there is none."""

VERSION = 1
"""Of what is kept; to be raised when `voices` makes other sounds."""


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of FLAC files, named by what they were made from and how."""

    folder: Path

    def voice(
        self, utterance: Utterance, how: str, make: Callable[[Utterance], Utterance]
    ) -> Utterance:
        """Return what `make` makes of an utterance, whose phones stay at their times.

        Raises:
            ConfigError: the folder cannot be written.
        """
        path = self._path(utterance, how)
        samples = _kept(path)
        if samples is None:
            self._keep(path, make(utterance))
            samples = soundfile.read(path, dtype="float32")[0]
        return replace(utterance, samples=samples)

    def song(self, utterance: Utterance, seed: int) -> Utterance | None:
        """Return `voices.sung` of an utterance.

        Raises:
            ConfigError: the folder cannot be written.
        """
        path = self._path(utterance, f"song-{seed}")
        labels = path.with_suffix(".txt")
        told = labels.read_text("utf-8") if labels.is_file() else ""
        if told == _UNSUNG:
            return None
        samples = _kept(path)
        if not told or samples is None:
            song = voices.sung(utterance, seed)
            if song is None:
                self._write(labels, _UNSUNG)
                return None
            self._keep(path, song)
            told = _written(song.phones)
            self._write(labels, told)
            samples = soundfile.read(path, dtype="float32")[0]
        phones = _read(told)
        return replace(utterance, name=f"{utterance.name}-sung", samples=samples, phones=phones)

    def _path(self, utterance: Utterance, how: str) -> Path:
        made_of = hashlib.sha256(utterance.samples.tobytes())
        phones = _written(p for p in utterance.phones if p.label in OPEN_VOWELS)
        made_of.update(f"{VERSION} {how} {phones}".encode())
        return self.folder / f"{made_of.hexdigest()[:24]}.flac"

    def _keep(self, path: Path, made: Utterance) -> None:
        # A file under its own name is whole: a run that is stopped leaves only the other one.
        part = path.with_suffix(".part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            soundfile.write(part, made.samples, SAMPLE_RATE, subtype="PCM_16", format="FLAC")
            part.replace(path)
        except (OSError, soundfile.SoundFileError) as error:
            raise ConfigError(f"cannot keep voices in {self.folder}: {error}") from error

    def _write(self, path: Path, text: str) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            replace_text(path, text)
        except OSError as error:
            raise ConfigError(f"cannot keep voices in {self.folder}: {error}") from error


def _kept(path: Path) -> Samples | None:
    """Return what a file holds; None if there is none, or it is damaged."""
    try:
        return np.asarray(soundfile.read(path, dtype="float32")[0], np.float32)
    except (OSError, soundfile.SoundFileError):
        return None


def _written(phones: Iterable[PhoneInterval]) -> str:
    return "\n".join(f"{p.start_s!r} {p.end_s!r} {p.phone_index}" for p in phones)


def _read(text: str) -> tuple[PhoneInterval, ...]:
    rows = (line.split() for line in text.splitlines())
    return tuple(PhoneInterval(float(start), float(end), int(index)) for start, end, index in rows)
