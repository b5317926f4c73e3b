"""A folder of recordings, each beside its phone times, its captured face, or both."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facewire import arkit
from facewire.errors import ConfigError
from facewire_training.data.adapters.captured_face import SUFFIXES, read_face
from facewire_training.data.adapters.clip import Clip, Face, clip_of
from facewire_training.data.adapters.phone_times import READERS, read_phone_times
from facewire_training.data.corpora.audio_file import read_mono
from facewire_training.data.corpora.corpus import SAMPLE_RATE, Utterance, cover_gaps

AUDIO = (".wav", ".flac", ".ogg", ".opus", ".mp3")


@dataclass(frozen=True, slots=True)
class Folder:
    """Files that belong together have the same name but for its end, wherever below they are."""

    root: Path
    only: Collection[str] | None = None
    """The names to take; all that have phones or a face if None."""
    captured: Collection[str] | None = None
    """The shapes that the faces truly show; all that their files name if None."""

    def clips(self) -> Iterator[Clip]:
        """Yield the recordings that have phones or a face, by name.

        Raises:
            ConfigError: there is none, or a file cannot be read.
        """
        audio, faces, phones = (self._named(ends) for ends in (AUDIO, SUFFIXES, tuple(READERS)))
        known = sorted(audio.keys() & (faces.keys() | phones.keys()))
        if self.only is not None:
            known = [name for name in known if name in self.only]
        if not known:
            raise ConfigError(
                f"{self.root} has no recording with phone times ({', '.join(READERS)}) or a face "
                f"({', '.join(SUFFIXES)}) of the same name"
            )
        for name in known:
            yield self._clip(audio[name], phones.get(name), faces.get(name))

    def _named(self, ends: tuple[str, ...]) -> dict[str, Path]:
        found = sorted(self.root.rglob("*"))
        return {path.stem: path for path in found if path.suffix.lower() in ends}

    def _clip(self, audio: Path, phones: Path | None, face: Path | None) -> Clip:
        samples = read_mono(audio)
        if not len(samples):
            raise ConfigError(f"{audio} holds no sound; take it away, or record it again")
        intervals = read_phone_times(phones) if phones else []
        covered = cover_gaps(intervals, len(samples) / SAMPLE_RATE) if intervals else ()
        utterance = Utterance(audio.stem, samples, covered, audio.parent.name, self.root.name)
        return clip_of(utterance, self._face(face) if face else None)

    def _face(self, path: Path) -> Face:
        face = read_face(path)
        if self.captured is None:
            return face
        return face._replace(known=np.isin(arkit.NAMES, list(self.captured)))
