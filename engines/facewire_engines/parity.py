"""Whether two engines give the same face: the same speech through both, shape by shape."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facewire.engine import Engine
from facewire.frames import AudioChunk, Samples

TOLERANCE = 1e-3
"""Largest difference of a weight between back-ends of the same precision."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How far the weights of two engines are apart."""

    frames: int
    largest: float
    by_shape: dict[str, float]
    """Largest difference of each shape, the largest first."""

    @property
    def within_tolerance(self) -> bool:
        """Whether one may stand in for the other."""
        return self.largest <= TOLERANCE


def compare_engines(
    reference: Engine, other: Engine, speech: Samples, chunk_samples: int = 160
) -> Parity:
    """Run speech through both engines, and compare the weights of frames with the same index.

    Args:
        reference: the engine that is right.
        other: the engine that is compared with it.
        speech: `[T]` at the engines' rate.
        chunk_samples: how much is pushed at a time.

    Raises:
        ValueError: the engines disagree on rate, number or names of frames: not the same model.
    """
    expected, names = _weights(reference, speech, chunk_samples)
    found, other_names = _weights(other, speech, chunk_samples)
    if found.shape != expected.shape or other_names != names:
        raise ValueError(
            f"{reference.name} made weights {expected.shape} and {other.name} {found.shape}"
        )
    # What is not a number is as far from anything as can be.
    difference = np.nan_to_num(np.abs(found - expected), nan=np.inf).max(axis=0, initial=0.0)
    order = np.argsort(-difference, kind="stable")
    by_shape = {names[index]: float(difference[index]) for index in order}
    return Parity(len(expected), float(difference.max()), by_shape)


def _weights(
    engine: Engine, speech: Samples, chunk_samples: int
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    session = engine.session()
    frames = []
    for start in range(0, len(speech), chunk_samples):
        piece = speech[start : start + chunk_samples]
        frames += session.push(AudioChunk(piece, start, engine.sample_rate))
    frames += session.flush()
    weights = np.array([frame.weights for frame in frames], np.float32)
    return weights.reshape(len(frames), -1), session.spec.names
