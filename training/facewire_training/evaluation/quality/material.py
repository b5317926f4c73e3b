"""The speech and the captured faces of a folder, whatever its layout.

* `librispeech/`: the validation speakers; `grid_s1/` and `facegood/` beside it, if they are there;
  and sounds without speech, which are made. As the test split: speakers of
  `speechocean762_train/`, and other recordings of `grid_s1/` and `facegood/` (`data.splits`)
* `smplxflame_30/`: BEAT2
* else audio files beside phone times or faces of the same name (`adapters.folder`)

`ict_facekit/`, if it is there, gives errors in millimetres.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from facewire.errors import ConfigError
from facewire_training.data.adapters.beat2 import Beat2
from facewire_training.data.adapters.clip import Clip
from facewire_training.data.adapters.folder import Folder
from facewire_training.data.adapters.grid import Grid
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.data.corpora.facegood import KNOWN as FACEGOOD_SHAPES
from facewire_training.data.corpora.librispeech import LibriSpeech
from facewire_training.data.corpora.nospeech import NoSpeech
from facewire_training.data.corpora.readings import Voices
from facewire_training.data.corpora.speechocean import SpeechOcean
from facewire_training.data.recognisers import recogniser
from facewire_training.data.splits import FACEGOOD, GRID_TEST
from facewire_training.evaluation.metrics.errors.lip_mesh import load_lip_mesh
from facewire_training.evaluation.metrics.errors.mesh_error import LipMesh
from facewire_training.evaluation.quality.request import TEST, Request
from facewire_training.evaluation.quality.whole_face.grid import grid_whole_faces

NO_SPEECH_HOURS = 0.05
NO_SPEECH_SEED = 20_000
"""Training draws from smaller seeds."""
NO_SPEECH = "nospeech"
"""What the corpus of sounds without speech is called."""

WHOLE_FACES = ("LibriSpeech, the whole face", "GRID, the whole face")
"""Sets on which faces are measured as they are shown; the second has people's, as tracked."""

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What is measured on."""

    sets: dict[str, list[Clip]]
    """By name; each has at least one clip."""
    lips: LipMesh | None

    def strangers(self, utterance: Utterance) -> list[Utterance]:
        """Return the speech of other people: of the same set if there is any, else of all sets.

        Raises:
            ConfigError: nobody else speaks.
        """
        spoken = [
            clip.utterance
            for name, clips in self.sets.items()
            for clip in clips
            if clip.utterance.corpus != NO_SPEECH and name not in WHOLE_FACES
        ]
        who = (utterance.corpus, utterance.speaker)
        others = [other for other in spoken if (other.corpus, other.speaker) != who]
        if not others:
            raise ConfigError(
                f"noise is made of other people's voices, but only {utterance.speaker} speaks "
                "here; put the recordings of each speaker into a folder of their own"
            )
        return [other for other in others if other.corpus == utterance.corpus] or others


def load_material(request: Request) -> Material:
    """Read what the folder holds, and choose as many clips of each set as were asked for.

    Raises:
        ConfigError: the folder holds nothing to measure on, or a file cannot be read.
    """
    root = request.data
    if not root.is_dir():
        raise ConfigError(f"there is no folder {root}; give one with --data")
    found = {name: spread(list(clips), request.utterances) for name, clips in _sets(request)}
    mesh = root / "ict_facekit"
    return Material(found, load_lip_mesh(mesh) if mesh.is_dir() else None)


def _sets(request: Request) -> Iterable[tuple[str, Iterable[Clip]]]:
    root = request.data
    if request.split == TEST:
        yield from _test_sets(root, request.teacher)
    elif (root / "librispeech").is_dir():
        speech = [Clip(said) for said in LibriSpeech(root / "librispeech").validation()]
        yield "LibriSpeech, validation speakers", speech
        noise = NoSpeech(NO_SPEECH_HOURS, NO_SPEECH_SEED).utterances()
        yield "no speech: typing, music, wind, breath", (Clip(utterance) for utterance in noise)
        if (root / "grid_s1").is_dir():
            yield "GRID, captured, validation clips", Grid(root / "grid_s1").clips()
        if (root / "facegood").is_dir():
            yield "FACEGOOD, Mandarin, captured, validation", _facegood(root, FACEGOOD.validation)
        yield WHOLE_FACES[0], speech
        if (root / "grid_s1").is_dir():
            yield WHOLE_FACES[1], grid_whole_faces(root / "grid_s1")
    elif (root / "smplxflame_30").is_dir():
        if request.matrix is None:
            raise ConfigError("BEAT2 needs its authors' matrix; give the .npy file with --matrix")
        yield "BEAT2, test", Beat2(root, request.matrix).clips()
    else:
        yield root.resolve().name, Folder(root).clips()


def _test_sets(root: Path, teacher: Path | None) -> Iterable[tuple[str, Iterable[Clip]]]:
    """Yield what nothing is chosen by: strangers, and recordings of two people set aside."""
    yield "speechocean762, test speakers", map(Clip, speech_of_test_speakers(root))
    if (root / "librispeech_251").is_dir():
        if teacher is None:
            logger.warning("LibriSpeech's test voices are left out: --teacher says who aligns them")
        else:
            yield "LibriSpeech, test voices", map(Clip, voices_for_test(root, teacher))
    if (root / "grid_s1").is_dir():
        yield "GRID, captured, test clips", Grid(root / "grid_s1", GRID_TEST).clips()
    if (root / "facegood").is_dir():
        yield "FACEGOOD, Mandarin, captured, test", _facegood(root, FACEGOOD.test)


def voices_for_test(root: Path, teacher: Path) -> Iterable[Utterance]:
    """Yield every tenth voice of `librispeech_251/`, aligned by a teacher, never by the measured.

    Raises:
        ConfigError: a file is missing, or the folder holds no teacher.
    """
    return Voices(root / "librispeech_251", recogniser(teacher).recognise).test()


def _facegood(root: Path, names: frozenset[str]) -> Iterable[Clip]:
    return Folder(root / "facegood", names, FACEGOOD_SHAPES).clips()


def speech_of_test_speakers(root: Path) -> Iterable[Utterance]:
    """Yield the speech of the test speakers.

    Raises:
        ConfigError: they are not there.
    """
    folder = root / "speechocean762_train"
    if not folder.is_dir():
        raise ConfigError(f"the test speakers are in {folder}, which is not there (docs/data.md)")
    return SpeechOcean(folder).test()


def spoken_set(material: Material) -> list[Utterance]:
    """Return the first set of speech whose phones are known.

    Raises:
        ConfigError: there is none.
    """
    for clips in material.sets.values():
        spoken = [clip.utterance for clip in clips]
        if all(any(phone.label != "sil" for phone in one.phones) for one in spoken):
            return spoken
    raise ConfigError("no recording here has phone times; docs/quality.md says which files do")


def spread(items: list[T], count: int | None) -> list[T]:
    """Return as many items as were asked for, spread evenly over the list."""
    if count is None or count >= len(items):
        return items
    places = np.linspace(0, len(items) - 1, max(count, 1)).round().astype(int)
    return [items[place] for place in places]


def describe_clips(clips: list[Clip]) -> str:
    """Return how much speech that is."""
    seconds = sum(clip.utterance.duration_s for clip in clips)
    length = f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.0f} s"
    found = f"{len(clips)} clip{'s' * (len(clips) != 1)}, {length}"
    if any(phone.label != "sil" for clip in clips for phone in clip.utterance.phones):
        speakers = len({clip.utterance.speaker for clip in clips})
        found += f", {speakers} speaker{'s' * (speakers != 1)}"
    return found


def describe_speech(utterances: Iterable[Utterance]) -> str:
    """Return how much speech utterances are."""
    return describe_clips([Clip(utterance) for utterance in utterances])
