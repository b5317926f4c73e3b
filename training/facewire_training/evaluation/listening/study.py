"""A study: what is rated, and how. Its folder holds all that raters see and hear.

    STUDY/study.json               this
    STUDY/sounds/SENTENCE.wav
    STUDY/faces/SYSTEM/SENTENCE.npz
    STUDY/raters.csv, ratings.csv  what came in, see `answers_file`

Nothing of the folder is sent as it is: pages learn no system's name.
"""

from enum import StrEnum
from fractions import Fraction
from pathlib import Path

import msgspec

from facewire.errors import ConfigError

FORMAT = 1
STUDY_FILE = "study.json"
ANCHOR = "anchor"
"""The name of an anchor that was made here."""
STILL = "still face"
"""What attention checks show: a face that does not move."""


class Kind(StrEnum):
    """How raters rate."""

    MUSHRA = "mushra"
    """All systems of a sentence on one screen, with hidden reference and anchor, 0 to 100."""
    PAIRS = "pairs"
    """Two faces of a sentence: which one fits the speech better?"""


class Sentence(msgspec.Struct, frozen=True):
    """A sound and what belongs to it."""

    name: str
    seconds: float


class Study(msgspec.Struct, frozen=True, kw_only=True):
    """What `study.json` holds."""

    format: int = FORMAT
    id: str
    """Nobody else's: pages remember by it who rates."""
    kind: Kind
    title: str
    question: str
    consent: str
    systems: dict[str, str]
    """What is rated, the reference and an anchor among it: how each was made, by its name."""
    reference: str
    """Empty: there is none, which only pairs can do without."""
    anchor: str
    """Empty: there is none."""
    sentences: tuple[Sentence, ...]
    frame_rate: tuple[int, int]
    screens: int
    """How many each rater gets, besides the practice and the checks."""
    checks: int
    practice: str
    """The sentence of the practice screen."""
    seed: int
    date: str
    command: str

    @property
    def rate(self) -> Fraction:
        """Frames per second."""
        return Fraction(*self.frame_rate)


def face_path(folder: Path, system: str, sentence: str) -> Path:
    """Return where a face is."""
    return folder / "faces" / system / f"{sentence}.npz"


def sound_path(folder: Path, sentence: str) -> Path:
    """Return where a sound is."""
    return folder / "sounds" / f"{sentence}.wav"


def read_study(folder: Path) -> Study:
    """Read what `make` wrote.

    Raises:
        ConfigError: there is no study, or it is damaged or of another version.
    """
    path = folder / STUDY_FILE
    try:
        study = msgspec.json.decode(path.read_bytes(), type=Study)
    except FileNotFoundError as error:
        raise ConfigError(
            f"{folder} holds no study; make one with facewire bench listen make"
        ) from error
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise ConfigError(f"{path} is no study ({error}); make it again") from error
    if study.format != FORMAT:
        raise ConfigError(f"{path} is of format {study.format}, this Facewire reads {FORMAT}")
    return study


def write_study(folder: Path, study: Study) -> None:
    """Write the description of a study; the faces and sounds are there already."""
    content = msgspec.json.format(msgspec.json.encode(study), indent=1)
    (folder / STUDY_FILE).write_bytes(content + b"\n")
