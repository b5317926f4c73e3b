"""BEAT's first version: what an iPhone said of the face, ARKit's own weights 60 times a second.

Layout of `beat_english_v0.2.1`: a folder for each speaker, and in it, of one name each, `.wav`,
`.TextGrid` and `.json`: an object with `names`, and with `frames` that have `weights` and `time` in
seconds. No matrix stands between these faces and ARKit; they check what FLAME's pseudo-inverse
makes. The recordings have BEAT2's names, and whoever is held out there is held out here.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.errors import ConfigError
from facewire_training.data.adapters.phone_times import read_phone_times
from facewire_training.data.beat.split import recordings, speaker_of
from facewire_training.data.capture import Capture
from facewire_training.data.corpora.audio_file import read_mono
from facewire_training.data.corpora.corpus import SAMPLE_RATE, cover_gaps

NAME = "beat1"
FRAME_RATE = Fraction(30)
HOLE_S = 0.1
"""Where no frame is for so long, the face was not seen."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Beat1Corpus:
    """One language of the data set."""

    root: Path
    split: Path
    """BEAT2's `train_test_split.csv`."""

    def captures(self, kind: str) -> Iterator[Capture]:
        """Yield the recordings of a type of BEAT2's split that this version has, too.

        Raises:
            ConfigError: there is none, or one of them lacks something.
        """
        names = [name for name in recordings(self.split, kind) if self._file(name).is_file()]
        if not names:
            raise ConfigError(
                f"{self.root} has no SPEAKER/RECORDING.json of a recording that {self.split} has "
                f"for {kind!r}; give a language's folder of BEAT"
            )
        for name in names:
            file = self._file(name)
            samples = read_mono(file.with_suffix(".wav"))
            phones = read_phone_times(file.with_suffix(".TextGrid"))
            weights, known = read_arkit_json(file)
            yield Capture(
                name=name,
                samples=samples,
                weights=weights,
                known=known,
                frame_rate=FRAME_RATE,
                corpus=NAME,
                speaker=speaker_of(name),
                phones=cover_gaps(phones, len(samples) / SAMPLE_RATE),
            )

    def _file(self, name: str) -> Path:
        return self.root / speaker_of(name) / f"{name}.json"


def read_arkit_json(path: Path) -> tuple[Floats, NDArray[np.bool_]]:
    """Read a recording's face: weights [T, 52] at 30 frames a second, and which shapes it has.

    Of frames that come 60 times a second every second one is taken; where frames are missing, the
    two beside stand for them, and rows without a frame within `HOLE_S` are NaN.

    Raises:
        ConfigError: the file cannot be read, or is something else.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        names = [str(name) for name in content["names"]]
        weights = np.array([frame["weights"] for frame in content["frames"]], np.float64)
        times = np.array([frame["time"] for frame in content["frames"]], np.float64)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"cannot read the face in {path}: {error}; give BEAT's JSON of names and frames"
        ) from error
    _check(path, names, weights, times)
    known = np.isin(arkit.NAMES, names)
    return arkit.from_named(_every_second(weights, times), names), known


def _check(
    path: Path, names: list[str], weights: NDArray[np.float64], times: NDArray[np.float64]
) -> None:
    wrong = sorted(set(names) - set(arkit.NAMES))
    if wrong or not names:
        raise ConfigError(f"the face in {path} names {wrong[:1] or 'no shape'}, not ARKit's shapes")
    if len(set(names)) < len(names):
        raise ConfigError(f"the face in {path} names a shape twice; get it again")
    if weights.shape != (len(times), len(names)) or not len(times):
        raise ConfigError(
            f"the face in {path} has weights {weights.shape} for {len(names)} names and "
            f"{len(times)} times; get it again"
        )
    if not np.isfinite(weights).all() or not (np.diff(times) > 0).all() or times[0] < 0:
        raise ConfigError(f"the face in {path} has impossible weights or times; get it again")


def _every_second(weights: NDArray[np.float64], times: NDArray[np.float64]) -> Floats:
    count = int(round(times[-1] * float(FRAME_RATE), 3)) + 1
    wanted = np.arange(count) / float(FRAME_RATE)
    faces = np.stack([np.interp(wanted, times, column) for column in weights.T], axis=1)
    after = np.clip(np.searchsorted(times, wanted - 1e-6), 0, len(times) - 1)
    before = np.maximum(np.searchsorted(times, wanted + 1e-6, side="right") - 1, 0)
    far = np.maximum(np.abs(times[after] - wanted), np.abs(wanted - times[before]))
    faces[far > HOLE_S] = np.nan
    return faces.astype(np.float32)
