"""Speech taken apart and put together again by the WORLD vocoder (Morise et al. 2016)."""

from types import ModuleType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facewire.frames import Samples
from facewire.optional_dependency import import_optional
from facewire_training.data.corpora.corpus import SAMPLE_RATE

Floats = NDArray[np.float64]

STEP_S = 0.005
"""Between the rows of `World`."""


class World(NamedTuple):
    """Speech as WORLD sees it."""

    pitch: Floats
    """[N] in Hz, 0 without voice."""
    envelope: Floats
    """[N, B] power."""
    noise: Floats
    """[N, B] share of noise, 0 to 1."""


def analyse(samples: Samples) -> World:
    """Take speech at 16 kHz apart.

    Raises:
        ConfigError: pyworld is not installed.
    """
    world, sound = _world(), samples.astype(np.float64)
    rough, times = world.dio(sound, SAMPLE_RATE, frame_period=1000 * STEP_S)
    pitch = world.stonemask(sound, rough, times, SAMPLE_RATE)
    envelope = world.cheaptrick(sound, pitch, times, SAMPLE_RATE)
    return World(pitch, envelope, world.d4c(sound, pitch, times, SAMPLE_RATE))


def synthesise(parts: World, count: int) -> Samples:
    """Put speech together again, `count` samples."""
    made = _world().synthesize(*map(np.ascontiguousarray, parts), SAMPLE_RATE, 1000 * STEP_S)
    whole = np.pad(made, (0, max(count - len(made), 0)))[:count]
    return np.asarray(whole, np.float32)


def there_and_back(rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return `count` rows that hold a sound: its rows are gone through there and back."""
    return np.resize(np.concatenate((rows, rows[-2:0:-1])), count)


def _world() -> ModuleType:
    return import_optional("pyworld", "children's voices, whispers and songs need WORLD", "quality")
