"""What lies between a mouth and us: a room, a telephone, music."""

import numpy as np
from scipy import signal

from facewire.frames import Samples
from facewire_training.data.augmentation.channel import active_level
from facewire_training.data.corpora import nospeech
from facewire_training.data.corpora.corpus import SAMPLE_RATE
from facewire_training.evaluation.robustness.voices import as_loud

REVERBERATION_S = 0.6
DIRECT_TO_LATE_DB = 0.0
"""Power of the direct sound against that of the reverberation: two or three metres away."""
FIRST_ECHO_S = 0.005

TELEPHONE_HZ = (300.0, 3400.0)
TELEPHONE_RATE = 8_000
_MU = 255


def in_room(samples: Samples, seed: int) -> Samples:
    """Return speech in a room: noise that falls by 60 dB in .6 s after the direct sound.

    Polack's model of late reverberation (1988). The direct sound stays where it was, and the level
    of the whole too.
    """
    rng = np.random.default_rng(seed)
    count = round(REVERBERATION_S * SAMPLE_RATE)
    tail = rng.standard_normal(count) * 10 ** (-3 * np.arange(count) / count)
    tail[: round(FIRST_ECHO_S * SAMPLE_RATE)] = 0
    tail *= 10 ** (-DIRECT_TO_LATE_DB / 20) / np.linalg.norm(tail)
    tail[0] = 1
    return as_loud(signal.fftconvolve(samples, tail)[: len(samples)].astype(np.float32), samples)


def by_telephone(samples: Samples) -> Samples:
    """Return speech as a telephone delivers it: 300 to 3400 Hz, 8 kHz, 8 bits of mu-law (G.711).

    Filters have no phase, so nothing moves in time.
    """
    band = signal.butter(4, TELEPHONE_HZ, "bandpass", fs=SAMPLE_RATE, output="sos")
    narrow = signal.sosfiltfilt(band, samples) if len(samples) > 64 else samples
    step = SAMPLE_RATE // TELEPHONE_RATE
    sent = np.clip(signal.resample_poly(narrow, 1, step), -1, 1)
    squeezed = np.sign(sent) * np.log1p(_MU * np.abs(sent)) / np.log1p(_MU)
    coded = np.round(squeezed * 127) / 127
    heard = np.sign(coded) * np.expm1(np.abs(coded) * np.log1p(_MU)) / _MU
    wide = signal.resample_poly(heard, step, 1)[: len(samples)]
    return np.pad(wide, (0, len(samples) - len(wide))).astype(np.float32)


def over_music(samples: Samples, below_db: float, seed: int) -> Samples:
    """Return speech over music that is so far below its active part."""
    music = music_of(len(samples), seed)
    wanted = active_level(samples) * 10 ** (-below_db / 20)
    return np.clip(samples + music * np.float32(wanted), -1, 1).astype(np.float32)


def music_of(count: int, seed: int) -> Samples:
    """Return music of a mean power of 1, other draws than in training."""
    made = nospeech.music(count, np.random.default_rng((nospeech_seed(seed), count)))
    return np.asarray(made / (np.sqrt(np.mean(made**2)) + 1e-9), np.float32)


def nospeech_seed(seed: int) -> int:
    """Return a seed that training does not draw from."""
    return 30_000 + seed
