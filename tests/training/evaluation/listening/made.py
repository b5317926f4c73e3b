"""Sounds and recorded faces that are made for the tests: no engine has to be loaded."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile

from facewire import arkit
from facewire_training.evaluation.listening.make import make_study
from facewire_training.evaluation.listening.request import MakeRequest
from facewire_training.evaluation.listening.study import Study

SOUND_RATE = 16_000
SYSTEMS = ("Zebra-Captured", "Quagga-Ours", "Okapi-Theirs")
"""Names that are nowhere else in what a page gets."""
OPENS_S = 0.5
"""When the mouth of the first system opens, for good."""


def write_sounds(folder: Path, seconds: dict[str, float]) -> Path:
    folder.mkdir(parents=True)
    for name, length in seconds.items():
        times = np.arange(round(length * SOUND_RATE)) / SOUND_RATE
        soundfile.write(folder / f"{name}.wav", 0.3 * np.sin(2 * np.pi * 220 * times), SOUND_RATE)
    return folder


def write_face(
    path: Path, seconds: float, system: int = 0, rate: Fraction = Fraction(60), brow: float = 0.5
) -> None:
    """Write a face that opens its mouth at `OPENS_S`, the later systems less."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = int(np.ceil(seconds * rate))
    weights = np.zeros((count, arkit.COUNT), np.float32)
    weights[round(OPENS_S * rate) :, arkit.INDEX["jawOpen"]] = 0.6 / (1 + system)
    weights[:, arkit.INDEX["browInnerUp"]] = brow
    np.savez(
        path,
        weights=weights,
        names=np.array(arkit.NAMES),
        head=np.full((count, 3), 0.1),
        frame_rate=np.array(rate.as_integer_ratio()),
    )


def write_material(folder: Path, seconds: dict[str, float]) -> MakeRequest:
    """Write sounds, and a folder of faces for each system; return what makes a study of them."""
    audio = write_sounds(folder / "audio", seconds)
    for place, system in enumerate(SYSTEMS):
        for name, length in seconds.items():
            write_face(folder / system / f"{name}.npz", length, place)
    return MakeRequest(
        audio=audio,
        out=folder / "study",
        recordings=tuple((system, folder / system) for system in SYSTEMS),
        reference=SYSTEMS[0],
    )


def make(request: MakeRequest) -> Study:
    return make_study(request, lambda name, done, total: None)
