"""Speech synthesised by flite, whose voices are built from real speakers, with exact phone times.

Black & Lenzo 2001, "Flite: a small fast run-time synthesis engine".
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np

from facewire.errors import ConfigError
from facewire.frames import Samples
from facewire_engines.phones.phone_set import phone_index
from facewire_training.data.corpora.audio_file import read_mono
from facewire_training.data.corpora.corpus import SAMPLE_RATE, Utterance, cover_gaps, until_full
from facewire_training.data.corpora.synthesised.texts import Texts
from facewire_training.phones import PhoneInterval

VOICES = ("slt", "rms", "awb", "kal16")
"""Two Americans and a Scot (statistical), and an American man by diphones."""

MISSING = "flite is not installed; install it: apt-get install flite"

_PITCH_HZ = {"slt": 170.0, "rms": 105.0, "awb": 125.0, "kal16": 110.0}


@dataclass(frozen=True, slots=True)
class Flite:
    """As many hours as wanted, the voices by turns, at several speeds and pitches."""

    texts: Texts
    hours: float
    seed: int = 0
    voices: tuple[str, ...] = VOICES

    def utterances(self) -> Iterator[Utterance]:
        """Yield utterances until the hours are full.

        Raises:
            ConfigError: flite is not installed, or fails.
        """
        return until_full(self.hours, filter(None, map(self._utterance, count())))

    def _utterance(self, index: int) -> Utterance | None:
        rng = np.random.default_rng((self.seed, index))
        voice = self.voices[index % len(self.voices)]
        samples, phones = speak(self.texts.draw(rng), voice, _settings(voice, rng))
        if len(phones) <= 2:
            return None
        return Utterance(f"{voice}-{index:05d}", samples, phones, voice, "flite")


def speak(
    text: str, voice: str, settings: dict[str, float]
) -> tuple[Samples, tuple[PhoneInterval, ...]]:
    """Return the samples [T] at 16 kHz and the phones of a text.

    Args:
        text: English.
        voice: one of `flite -lv`.
        settings: features of flite, such as `duration_stretch`, `f0_shift`, `int_f0_target_mean`.

    Raises:
        ConfigError: flite is not installed, or fails.
    """
    program = shutil.which("flite")
    if program is None:
        raise ConfigError(MISSING)
    features = [part for name, value in settings.items() for part in ("--setf", f"{name}={value}")]
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "speech.wav"
        command = [program, "-voice", voice, *features, "-psdur", "-o", str(wav), "-t", text]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0 or not wav.is_file():
            raise ConfigError(f"flite failed with voice {voice!r}: {done.stderr.strip()[:200]}")
        samples = read_mono(wav)
    phones = parse_phone_times(done.stdout)
    return samples, cover_gaps(phones, len(samples) / SAMPLE_RATE)


def parse_phone_times(printed: str) -> list[PhoneInterval]:
    """Read `-psdur`'s line of `phone:end_s` pairs; each phone begins where the last one ended."""
    phones: list[PhoneInterval] = []
    start_s = 0.0
    for pair in printed.split():
        label, _, end = pair.rpartition(":")
        end_s = float(end)
        if end_s > start_s:
            phones.append(PhoneInterval(start_s, end_s, phone_index(label)))
        start_s = end_s
    return phones


def _settings(voice: str, rng: np.random.Generator) -> dict[str, float]:
    """Draw a way of speaking; each engine of flite reads the features it knows."""
    pitch = float(np.exp(rng.uniform(np.log(0.8), np.log(1.3))))
    return {
        "duration_stretch": round(float(rng.uniform(0.75, 1.35)), 3),
        "f0_shift": round(pitch, 3),
        "int_f0_target_mean": round(_PITCH_HZ.get(voice, 110.0) * pitch, 1),
        "int_f0_target_stddev": round(float(rng.uniform(8, 35)), 1),
    }
