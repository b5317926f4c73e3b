"""One Mandarin actress with an animator's face: 7 recordings, 11 min (FACEGOOD-Audio2Face, MIT).

Her weights were solved onto a rig and cleaned; left equals right. Their amplitude is that of the
procedural animation already (95th percentile of the lip gap in speech: 0.50 against 0.42), so it
is left alone.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.errors import ConfigError
from facewire_training.data.capture import Capture
from facewire_training.data.corpora.audio_file import read_mono
from facewire_training.data.splits import FACEGOOD

FRAME_RATE = Fraction(30)

DELAY_S = 0.006
"""How far the weights lag the sound, beyond what the procedural animation does: loudness leads
their lip gap by 14 ms and their jaw by 17 ms in the training recordings, and those of the animation
by 15 and 5 ms (`python -m facewire_training.data.capture_delay`). The mean of both."""

KNOWN: tuple[str, ...] = (
    "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthSmileLeft", "mouthSmileRight",
    "mouthRollLower", "mouthRollUpper", "mouthPressLeft", "mouthPressRight",
    "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight",
)  # fmt: skip
"""The shapes that her rig moves, and mouthClose, which is truly 0: the jaw closes the lips."""


@dataclass(frozen=True, slots=True)
class Facegood:
    """A folder with `audio/` and `arkit/`."""

    root: Path

    def train(self) -> Iterator[Capture]:
        """Yield the training recordings.

        Raises:
            ConfigError: the folder lacks a file, or one of them is no table of weights.
        """
        return self._captures(lambda name: name not in FACEGOOD.held_out)

    def validation(self) -> Iterator[Capture]:
        """Yield the recordings that choices are made by.

        Raises:
            ConfigError: the folder lacks a file, or one of them is no table of weights.
        """
        return self._captures(lambda name: name in FACEGOOD.validation)

    def test(self) -> Iterator[Capture]:
        """Yield the recordings that no choice is made by.

        Raises:
            ConfigError: the folder lacks a file, or one of them is no table of weights.
        """
        return self._captures(lambda name: name in FACEGOOD.test)

    def _captures(self, wanted: Callable[[str], bool]) -> Iterator[Capture]:
        paths = sorted((self.root / "arkit").glob("*.csv"))
        if not paths:
            raise ConfigError(f"{self.root / 'arkit'} has no CSV files; give the FACEGOOD folder")
        for path in paths:
            if wanted(path.stem):
                yield Capture(
                    name=path.stem,
                    samples=read_mono(self.root / "audio" / f"{path.stem}.opus"),
                    weights=_read(path),
                    known=np.isin(arkit.NAMES, KNOWN),
                    frame_rate=FRAME_RATE,
                    corpus="facegood",
                    speaker="facegood-1",
                    start_s=-DELAY_S,
                )


def _read(path: Path) -> NDArray[np.float32]:
    """Return the weights [T, 52] of a table whose first column is the time."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        return arkit.from_named(np.array(rows, np.float32)[:, 1:], header[1:])
    except (OSError, ValueError, IndexError) as error:
        raise ConfigError(f"cannot read {path} as weights by name: {error}") from error
