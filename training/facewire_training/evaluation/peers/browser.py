"""Peers that are made for browsers, run in Node: install them with `npm install` in this folder.

They hear the speech at 48 kHz, as from a browser's AudioContext, in quanta of 128 samples, at a
mean power of -26 dBFS, as speech is delivered in telephony (ITU-T P.800), because both take fixed
levels for silence and are the worse for quieter or louder speech. What they show at a frame is
what they know by then; they name no timestamps, so there is no delay to take off.
"""

import json
import shutil
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from facewire.errors import EngineError
from facewire.frames import StreamSpec
from facewire_training.data.corpora.corpus import SAMPLE_RATE, Utterance
from facewire_training.evaluation.peers.visemes import OCULUS, VOWELS, blend
from facewire_training.take import Take

FOLDER = Path(__file__).parent
MODULES = FOLDER / "node_modules"
BROWSER_RATE = 48_000
LEVEL_DBFS = -26.0
"""Of the mean power of a clip."""
_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True, eq=False)
class BrowserPeer:
    """One peer, and the visemes that it tells apart."""

    name: str
    script: str
    package: str
    visemes: dict[str, tuple[str, ...]]
    profile: Path | None = None
    """A file that its package lacks."""

    def missing(self) -> str | None:
        """Return in one sentence what has to be installed first, if anything."""
        if shutil.which("node") is None:
            return f"{self.name} is left out: install Node.js 20 or later"
        if not (MODULES / self.package).is_dir():
            return f"{self.name} is left out: run npm install in {FOLDER}"
        if self.profile is not None and not self.profile.is_file():
            return (
                f"{self.name} is left out: its package has no profile; save example/profile.bin "
                f"of its repository as {self.profile}"
            )
        return None

    def __call__(self, utterance: Utterance, frame_rate: Fraction) -> Take:
        """Let the peer hear the utterance, and blend its visemes.

        Raises:
            EngineError: the peer failed.
        """
        command = ["node", str(FOLDER / self.script), str(BROWSER_RATE), str(float(frame_rate))]
        if self.profile is not None:
            command.append(str(self.profile))
        done = subprocess.run(
            command, input=_heard(utterance), capture_output=True, timeout=_PATIENCE_S, check=False
        )
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise EngineError(f"{self.name} failed in Node: {said[-1] if said else 'no reason'}")
        count = StreamSpec(SAMPLE_RATE, frame_rate).frame_count(len(utterance.samples))
        amounts = self._amounts(done.stdout.decode().splitlines(), count)
        return Take(blend(amounts, self.visemes), frame_rate, tuple(utterance.phones))

    def _amounts(self, lines: list[str], count: int) -> NDArray[np.float32]:
        """Return how much there is of each viseme in each frame, [count, V]."""
        order = list(self.visemes)
        amounts = np.zeros((count, len(order)), np.float32)
        for frame, line in zip(range(count), lines, strict=False):
            for viseme, amount in json.loads(line)["weights"].items():
                amounts[frame, order.index(viseme)] = amount
        return amounts


HEADAUDIO = BrowserPeer("headaudio", "headaudio.mjs", "@met4citizen/headaudio", OCULUS)
WLIPSYNC = BrowserPeer(
    "wlipsync", "wlipsync.mjs", "wlipsync", VOWELS, MODULES / "wlipsync" / "profile.bin"
)


def _heard(utterance: Utterance) -> bytes:
    """Return the samples as the peers take them, float32 at 48 kHz."""
    power = float(np.mean(np.square(utterance.samples))) if len(utterance.samples) else 0.0
    gain = 10 ** (LEVEL_DBFS / 20) / np.sqrt(power) if power > 0 else 1.0
    level = np.clip(utterance.samples * np.float32(gain), -1, 1)
    return bytes(np.asarray(soxr.resample(level, SAMPLE_RATE, BROWSER_RATE), "<f4").tobytes())
