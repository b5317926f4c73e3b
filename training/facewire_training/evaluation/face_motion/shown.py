"""Our face, idle motion included, at the same clips, as a viewer sees it."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.face import make_face
from facewire.frames import AudioChunk, Samples
from facewire.stream.engine import Engine
from facewire_training.evaluation.face_motion.motion import RATE, Motion

Floats = NDArray[np.float64]

SAMPLE_RATE = 16_000
IN_A_ROW = 20
"""Clips that one face says, one after the other, a minute: a face that just woke is not meant."""
_LIDS = [arkit.INDEX["eyeBlinkLeft"], arkit.INDEX["eyeBlinkRight"]]


def shown_motion(
    sounds: Mapping[str, Samples],
    captured: Mapping[str, Motion],
    millimetres: Mapping[str, Floats],
    engine: Engine,
    lookahead_ms: float,
) -> dict[str, Motion]:
    """Return how our face moves in the clips.

    Args:
        sounds: by clip, at 16 kHz.
        captured: which says when somebody speaks, and how many frames there are.
        millimetres: what each shape moves, as `points.of_shapes` has it.
        engine: what hears the clips.
        lookahead_ms: how far ahead.
    """
    names, found = list(sounds), {}
    for seed, first in enumerate(range(0, len(names), IN_A_ROW)):
        row = names[first : first + IN_A_ROW]
        counts = [len(captured[name].lids) for name in row]
        samples = [_long(sounds[name], n) for name, n in zip(row, counts, strict=True)]
        weights, heads = _show(np.concatenate(samples), engine, lookahead_ms, seed)
        starts = np.cumsum([0, *counts])
        for name, start, stop in zip(row, starts[:-1], starts[1:], strict=True):
            shown, head = weights[start:stop], heads[start:stop]
            curves = {measure: shown @ moved for measure, moved in millimetres.items()}
            curves |= {
                f"head, {axis}": head[:, k] for k, axis in enumerate(("yaw", "pitch", "roll"))
            }
            found[name] = replace(captured[name], curves=curves, lids=shown[:, _LIDS].mean(axis=1))
    return found


def _long(samples: Samples, frames: int) -> Samples:
    """Return a sound that is as long as so many frames."""
    length = frames * SAMPLE_RATE // RATE
    return np.pad(samples[:length], (0, max(length - len(samples), 0)))


def _show(
    samples: Samples, engine: Engine, lookahead_ms: float, seed: int
) -> tuple[Floats, Floats]:
    """Return the weights of each frame, [T, 52], and the head's angles in degrees, [T, 3]."""
    session = engine.session(frame_rate=Fraction(RATE), lookahead_ms=lookahead_ms)
    face = make_face(session.spec, seed=seed)
    try:
        heard = [*session.push(AudioChunk(samples, 0, SAMPLE_RATE)), *session.flush()]
    finally:
        session.close()
    frames = [face.apply(frame) for frame in heard]
    weights = np.array([frame.weights for frame in frames], np.float64)
    return weights, np.degrees([frame.head for frame in frames])
