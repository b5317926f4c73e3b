"""The pitch of a voice, for what should follow it."""

from importlib import import_module
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from facewire.frames import Samples
from facewire_training.data.corpora.corpus import SAMPLE_RATE


def knows_pitch() -> bool:
    """Tell whether pyworld is installed."""
    return find_spec("pyworld") is not None


def pitch_of(samples: Samples) -> NDArray[np.float64]:
    """Return the fundamental frequency at every 10 ms of speech at 16 kHz, in Hz; 0 without voice.

    DIO (Morise, Kawahara & Katayose 2009) refined by StoneMask, as WORLD has them.
    """
    world, sound = import_module("pyworld"), samples.astype(np.float64)
    rough, times = world.dio(sound, SAMPLE_RATE, frame_period=10.0)
    return np.asarray(world.stonemask(sound, rough, times, SAMPLE_RATE))
