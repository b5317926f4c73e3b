"""Audio files of corpora, at the rate of training."""

from pathlib import Path

import numpy as np
import soundfile
import soxr

from facewire.errors import ConfigError
from facewire.frames import Samples
from facewire_training.data.corpora.corpus import SAMPLE_RATE


def read_mono(path: Path) -> Samples:
    """Read a file with one channel, and resample it to 16 kHz if it is not: [T] in [-1, 1].

    Raises:
        ConfigError: the file cannot be read, or has several channels.
    """
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise ConfigError(f"cannot read {path}: {error}; is the corpus complete?") from error
    if samples.shape[1] != 1:
        raise ConfigError(f"{path} has {samples.shape[1]} channels; give a corpus of mono speech")
    mono = np.asarray(samples[:, 0], np.float32)
    if rate != SAMPLE_RATE:
        mono = np.asarray(soxr.resample(mono, rate, SAMPLE_RATE), np.float32)
    return np.clip(mono, -1, 1)
