"""Whether two engines give the same face: the same audio through both, shape by shape."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.face.lips import lips_met
from facewire.frames import AudioChunk, BlendshapeFrame, Samples
from facewire.stream.engine import Engine, EngineSession
from facewire_engines.backends.golden import chunks_of, golden_streams

TOLERANCES: dict[str, float] = {"fp32": 1e-3, "fp16": 1e-2, "bf16": 1e-2, "int8": 5e-2}
"""Largest difference of a weight from fp32 that is allowed in each precision.

What they mean on a face: the jaw opens the lips by 33 mm at a weight of 1, and lips count as met up
to a tenth of that.

* fp32: .03 mm. Nobody sees it, and only another order of sums may cause it; a fault in a graph, or
  products in 19 bits (TF32), make more.
* fp16, bf16: .3 mm, a pixel of a face that is 700 pixels high, and half of what the shape that
  moves most goes from one frame to the next (.018, the median of the golden streams).
* int8: 1.6 mm, half of what tells met lips from open ones. It is seen beside the original, and in
  a few frames of a thousand lips meet or part. The golden streams measured .028 to .044, as the
  processor's instructions round; beyond .05 many would.
"""
TOLERANCE = TOLERANCES["fp32"]

Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Closure:
    """How often the lips are closed, in shares of all frames."""

    reference: float
    other: float
    changed: float
    """Frames in which one engine's lips are closed, and the other's are not."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How far the weights of two engines are apart."""

    frames: int
    largest: float
    by_shape: dict[str, float]
    """Largest difference of each shape, the largest first."""
    closure: Closure | None = None
    """None if the shapes are not those of a face."""
    tolerance: float = TOLERANCE

    @property
    def within_tolerance(self) -> bool:
        """Whether one may stand in for the other."""
        return self.largest <= self.tolerance


def compare_engines(
    reference: Engine, other: Engine, speech: Samples, tolerance: float = TOLERANCE
) -> Parity:
    """Run speech through both engines, and compare the weights of frames with the same index.

    Args:
        reference: the engine that is right.
        other: the engine that is compared with it.
        speech: `[T]` at the engines' rate.
        tolerance: how far weights may be apart.

    Raises:
        ValueError: the engines disagree on rate, number or names of frames: not the same model.
    """
    return _compare(reference, other, [speech], tolerance)


def compare_golden(
    reference: Engine, other: Engine, speech: Samples, tolerance: float = TOLERANCE
) -> Parity:
    """Compare two engines over every golden stream; else like `compare_engines`.

    Raises:
        ValueError: as `compare_engines` does.
    """
    return _compare(reference, other, golden_streams(speech).values(), tolerance)


def _compare(
    reference: Engine, other: Engine, streams: Iterable[Samples], tolerance: float
) -> Parity:
    clips = list(streams)
    expected, names = _weights(reference, clips)
    found, other_names = _weights(other, clips)
    if found.shape != expected.shape or other_names != names:
        raise ValueError(
            f"{reference.name} made weights {expected.shape} and {other.name} {found.shape}"
        )
    return _parity(expected, found, names, tolerance)


def _parity(expected: Weights, found: Weights, names: Sequence[str], tolerance: float) -> Parity:
    # What is not a number is as far from anything as can be.
    difference = np.nan_to_num(np.abs(found - expected), nan=np.inf).max(axis=0, initial=0.0)
    order = np.argsort(-difference, kind="stable")
    by_shape = {names[int(index)]: float(difference[index]) for index in order}
    return Parity(
        frames=len(expected),
        largest=float(difference.max()),
        by_shape=by_shape,
        closure=_closure(expected, found, names),
        tolerance=tolerance,
    )


def _closure(expected: Weights, found: Weights, names: Sequence[str]) -> Closure | None:
    """Compare in which frames the lips are closed, as the metric of that name counts it."""
    if tuple(names) != arkit.NAMES or not len(expected):
        return None
    before, after = lips_met(expected), lips_met(found)
    return Closure(*(float(share.mean()) for share in (before, after, before != after)))


def _weights(engine: Engine, streams: Sequence[Samples]) -> tuple[Weights, tuple[str, ...]]:
    """Run all streams side by side, together where the engine can; their frames come in turn."""
    frames: list[list[BlendshapeFrame]] = [[] for _ in streams]
    with ExitStack() as stack:
        sessions = [stack.enter_context(closing(engine.session())) for _ in streams]
        for chunks in zip_longest(*(chunks_of(samples) for samples in streams)):
            present = [number for number, chunk in enumerate(chunks) if chunk is not None]
            pushes = [(sessions[number], chunks[number]) for number in present]
            for number, new in zip(present, _push(engine, pushes), strict=True):
                frames[number] += new
                if chunks[number].end == len(streams[number]):
                    frames[number] += sessions[number].flush()
    weights = np.array([frame.weights for own in frames for frame in own], np.float32)
    return weights.reshape(sum(map(len, frames)), -1), sessions[0].spec.names


def _push(
    engine: Engine, pushes: Sequence[tuple[EngineSession, AudioChunk]]
) -> Iterator[list[BlendshapeFrame]]:
    push_all = getattr(engine, "push_all", None)
    if push_all is None:
        yield from (session.push(chunk) for session, chunk in pushes)
        return
    for answer in push_all(pushes):
        if isinstance(answer, Exception):
            raise answer
        yield answer
