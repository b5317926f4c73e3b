"""The sounds of a study, and each system's faces of them, so that nothing but the motion differs.

All faces of a sentence have the same number of frames at the same rate, from the sound's first
sample to its last one.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from facewire.animator import AnimatorOptions, animate
from facewire.errors import ConfigError
from facewire.face.regions import LOWER
from facewire.frames import StreamSpec
from facewire.recordings import RECORDINGS, RecordedFace, read_recording
from facewire.stream.engines import load_engine
from facewire_training.evaluation.listening.request import EngineSystem

SOUNDS = (".wav", ".flac", ".ogg", ".mp3")
LENGTH_TOLERANCE_S = 0.15
"""How much longer or shorter than its sound a face may be: recorders end with a frame or two."""
SHORTEST_S, LONGEST_S = 0.3, 60.0
SAMPLE_RATE = 16_000
"""Of the time stamps of faces."""

Tell = Callable[[str, int, int], None]
"""Hears the name of a system, how many sentences are done, and of how many."""


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """One sentence."""

    name: str
    samples: NDArray[np.float32]
    """[T] or [T, channels]"""
    sample_rate: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / self.sample_rate


def read_sounds(folder: Path) -> dict[str, Sound]:
    """Return the sounds of a folder by the name of their files, in order.

    Raises:
        ConfigError: there are none, one cannot be read, two have one name, or one is too long.
    """
    sounds: dict[str, Sound] = {}
    for path in _files(folder, SOUNDS):
        if path.stem in sounds:
            raise ConfigError(f"{folder} has two sounds that are called {path.stem}; keep one")
        sounds[path.stem] = sound = _read_sound(path)
        if not SHORTEST_S <= sound.seconds <= LONGEST_S:
            raise ConfigError(
                f"{path} lasts {sound.seconds:.1f} s; people can rate {SHORTEST_S:g} to "
                f"{LONGEST_S:g} s at once, so cut it or leave it out"
            )
    if not sounds:
        raise ConfigError(f"{folder} has no sounds ({', '.join(SOUNDS)}); name their folder")
    return sounds


def recorded_faces(
    system: str, folder: Path, sounds: Mapping[str, Sound]
) -> dict[str, RecordedFace]:
    """Return a system's recorded face of each sound.

    Raises:
        ConfigError: one is missing, there are two, one cannot be read, or is of another length.
    """
    paths: dict[str, Path] = {}
    for path in _files(folder, tuple(RECORDINGS)):
        if path.stem in sounds and path.stem in paths:
            raise ConfigError(f"{system} has two faces of {path.stem} in {folder}; keep one")
        paths[path.stem] = path
    missing = [name for name in sounds if name not in paths]
    if missing:
        others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise ConfigError(
            f"{system} has no face of {missing[0]}{others} in {folder}: every system needs a "
            f"{', '.join(RECORDINGS)} file for every sound, called like it"
        )
    faces = {name: read_recording(paths[name]) for name in sounds}
    for name, face in faces.items():
        _check_length(system, face, sounds[name])
    return faces


def engine_faces(
    system: EngineSystem, sounds: Mapping[str, Sound], rate: Fraction, idle: bool, tell: Tell
) -> dict[str, RecordedFace]:
    """Return an engine's face of each sound.

    Raises:
        ConfigError: there is no such engine, or it cannot listen so far ahead.
        EngineError: it cannot be loaded.
    """
    engine = load_engine(system.engine)
    faces = {}
    for count, (name, sound) in enumerate(sounds.items()):
        tell(system.name, count, len(sounds))
        options = AnimatorOptions(
            engine=engine, frame_rate=str(rate), lookahead_ms=system.lookahead_ms, idle=idle,
            seed=count,
        )  # fmt: skip
        faces[name] = animate(sound.samples, sound.sample_rate, options)
    return faces


def common_rate(
    faces: Mapping[str, Mapping[str, RecordedFace]], wanted: Fraction | None
) -> Fraction:
    """Return the frame rate that all are shown at.

    Raises:
        ConfigError: they differ, and none was chosen.
    """
    if wanted:
        return wanted
    rates = {face.spec.frame_rate: system for system, own in faces.items() for face in own.values()}
    if len(rates) > 1:
        (one, first), (other, second), *_ = rates.items()
        raise ConfigError(
            f"{first} has faces of {one} frames per second, {second} of {other}, which raters "
            "would see; choose one rate for all with --frame-rate"
        )
    return next(iter(rates), Fraction(60))


def fitted(face: RecordedFace, seconds: float, rate: Fraction) -> RecordedFace:
    """Return a face with a frame for every moment of its sound, and no more."""
    if face.spec.frame_rate != rate:
        face = face.at_rate(rate)
    spec = StreamSpec(SAMPLE_RATE, rate)
    count = math.ceil(round(seconds * rate, 6))
    moments = np.array([spec.timestamp(index) for index in range(count)], np.int64)
    # A frame is shown from its timestamp until the next one's. Half a sample is no lateness.
    shown = face.timestamps / face.spec.sample_rate * SAMPLE_RATE
    at = np.clip(np.searchsorted(shown, moments + 0.5, side="right") - 1, 0, None)
    return replace(
        face,
        spec=spec,
        timestamps=moments,
        weights=np.clip(face.weights[at], 0, 1),
        head=face.head[at],
        speech=face.speech[at],
        turns=face.turns[at],
    )


def with_upper_face(face: RecordedFace, other: RecordedFace) -> RecordedFace:
    """Return a face with the eyes, brows and head of another one of the same length."""
    return replace(face, weights=np.where(LOWER, face.weights, other.weights), head=other.head)


def _files(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise ConfigError(f"cannot read the folder {folder}: {error.strerror}") from error
    return [path for path in paths if path.suffix.lower() in endings]


def _read_sound(path: Path) -> Sound:
    try:
        samples, rate = soundfile.read(path, dtype="float32")
    except (OSError, soundfile.LibsndfileError) as error:
        raise ConfigError(f"cannot read the sound {path}: {error}") from error
    if not np.isfinite(samples).all() or not np.any(samples):
        raise ConfigError(f"{path} is silent, or holds what is no sound; leave it out")
    return Sound(path.stem, np.asarray(samples, np.float32), int(rate))


def _check_length(system: str, face: RecordedFace, sound: Sound) -> None:
    lasts = face.end / face.spec.sample_rate if len(face) else 0.0
    if abs(lasts - sound.seconds) > LENGTH_TOLERANCE_S:
        raise ConfigError(
            f"{system}'s face of {sound.name} lasts {lasts:.2f} s, its sound {sound.seconds:.2f} s;"
            " record it again, or cut both to the same length"
        )
