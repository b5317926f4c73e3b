"""Speech synthesised by festival's diphones, with exact phone times.

Black, Taylor & Caley 1998, "The Festival Speech Synthesis System".
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
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

VOICE = "kal_diphone"

MISSING = "festival is not installed; install it: apt-get install festival festvox-kallpc16k"

_BATCH = 40
"""Texts for each start of festival, which takes longer than a sentence."""

_SPEAK = """
(define (speak text name stretch mean deviation)
  (Parameter.set 'Duration_Stretch stretch)
  (set! int_lr_params (list (list 'target_f0_mean mean) (list 'target_f0_std deviation)
                            (list 'model_f0_mean 170) (list 'model_f0_std 34)))
  (let ((said (SynthText text)))
    (utt.save.wave said (string-append name ".wav") 'riff)
    (utt.save.segs said (string-append name ".segs"))))
"""


@dataclass(frozen=True, slots=True)
class Manner:
    """What is said, and how."""

    text: str
    stretch: float
    """Of all durations."""
    pitch_hz: float
    deviation_hz: float
    """How lively the pitch is."""


@dataclass(frozen=True, slots=True)
class Festival:
    """As many hours as wanted of one American voice, at several speeds and pitches."""

    texts: Texts
    hours: float
    seed: int = 0

    def utterances(self) -> Iterator[Utterance]:
        """Yield utterances until the hours are full.

        Raises:
            ConfigError: festival or its voice is not installed.
        """
        return until_full(self.hours, self._utterances())

    def _utterances(self) -> Iterator[Utterance]:
        for first in count(0, _BATCH):
            batch = [self._manner(first + index) for index in range(_BATCH)]
            for index, (samples, phones) in enumerate(speak(batch), start=first):
                if len(phones) > 2:
                    yield Utterance(f"kal-{index:05d}", samples, phones, "kal", "festival")

    def _manner(self, index: int) -> Manner:
        rng = np.random.default_rng((self.seed, index))
        return Manner(
            self.texts.draw(rng),
            round(float(rng.uniform(0.75, 1.35)), 3),
            round(float(rng.uniform(85, 145)), 1),
            round(float(rng.uniform(8, 30)), 1),
        )


def speak(batch: Sequence[Manner]) -> list[tuple[Samples, tuple[PhoneInterval, ...]]]:
    """Return the samples [T] at 16 kHz and the phones of each text.

    Raises:
        ConfigError: festival or its voice is not installed, or it fails.
    """
    program = shutil.which("festival")
    if program is None:
        raise ConfigError(MISSING)
    with tempfile.TemporaryDirectory() as folder:
        calls = [
            f'(speak "{_quoted(one.text)}" "{folder}/{index}" '
            f"{one.stretch} {one.pitch_hz} {one.deviation_hz})"
            for index, one in enumerate(batch)
        ]
        script = Path(folder) / "script.scm"
        script.write_text("\n".join([f"(voice_{VOICE})", _SPEAK, *calls]), encoding="utf-8")
        command = [program, "-b", str(script)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        try:
            return [_read(Path(folder) / str(index)) for index in range(len(batch))]
        except (OSError, ConfigError) as error:
            said = (done.stderr or done.stdout).strip()[:200]
            raise ConfigError(f"festival did not speak: {said or error}; {MISSING}") from error


def _read(stem: Path) -> tuple[Samples, tuple[PhoneInterval, ...]]:
    samples = read_mono(stem.with_suffix(".wav"))
    phones: list[PhoneInterval] = []
    start_s = 0.0
    for line in stem.with_suffix(".segs").read_text(encoding="utf-8").splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        end_s = float(fields[0])
        if end_s > start_s:
            phones.append(PhoneInterval(start_s, end_s, phone_index(fields[2])))
        start_s = end_s
    return samples, cover_gaps(phones, len(samples) / SAMPLE_RATE)


def _quoted(text: str) -> str:
    return text.replace("\\", " ").replace('"', " ")
