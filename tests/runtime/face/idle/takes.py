"""What a face does with speech that is made for it."""

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.face import Profile, make_face
from facewire.frames import BlendshapeFrame, StreamSpec

JAW, PUCKER = arkit.INDEX["jawOpen"], arkit.INDEX["mouthPucker"]


class Take(NamedTuple):
    """What a face did: seconds `[N]`, weights `[N, 52]`, head `[N, 3]`."""

    time: NDArray[np.float64]
    weights: NDArray[np.float32]
    head: NDArray[np.float64]


def silence(time: float) -> float:
    """Nobody speaks."""
    return 0.0


def phrases(time: float) -> float:
    """Phrases of three seconds, a second apart."""
    return 1.0 if time % 4.0 < 3.0 else 0.02


def _syllables(time: float, speech: float) -> float:
    stress = 0.6 + 0.4 * np.sin(1.7 * time)
    return float(speech * (0.05 + 0.4 * stress * np.sin(2 * np.pi * 2.2 * time) ** 2))


def take(
    seconds: float,
    rate: int = 30,
    seed: int = 0,
    speech: Callable[[float], float] = phrases,
    profile: Profile | None = None,
    pucker: float = 0.0,
) -> Take:
    """Return what a face does with syllables of 2.2 Hz, as speech is given; rounded, if asked."""
    spec = StreamSpec(frame_rate=Fraction(rate))
    face = make_face(spec, profile or Profile(), seed=seed)
    shown = []
    for index in range(round(seconds * rate)):
        probability = speech(index / rate)
        weights = np.zeros(52, np.float32)
        weights[JAW] = _syllables(index / rate, probability)
        weights[PUCKER] = pucker * probability
        shown.append(
            face.apply(BlendshapeFrame(weights, index, spec.timestamp(index), speech=probability))
        )
    return Take(
        np.arange(len(shown)) / rate,
        np.array([frame.weights for frame in shown]),
        np.array([frame.head for frame in shown]),
    )
