"""Latents of the natural voice with durations that are given: ground-truth token replacement.

UniTAF (arXiv 2602.15651) feeds the TTS the true speech codes of a captured clip, so that latents
have the length and the timing of the true face. Here the true words of a clip, and when they are
said, take the place of the durations that the voice would choose.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from facewire_engines.voices.hibari.package import (
    DURATIONS,
    FRAME,
    LATENTS,
    SAMPLE_RATE,
    import_hibari,
)
from facewire_engines.voices.hibari.reading import Reading
from facewire_training.data.corpora.grid_words import TimedWord

FRAME_S = FRAME / SAMPLE_RATE
LATE_S = 0.03
"""By how much the signs of a phone are later than it is articulated, as `hibari.timing` has it."""

Frames = NDArray[np.int64]


class GivenDurations:
    """The graph of the natural voice, which is told how long each symbol lasts."""

    def __init__(self, alphabet: dict[str, int]) -> None:
        """Load it.

        Raises:
            ConfigError: hibari is not installed.
        """
        self._alphabet = alphabet
        import onnxruntime  # it keeps a file open

        path = import_hibari().voices.voice_path("heart", download_missing=False)
        content = told(onnx.load(path)).SerializeToString()
        self._session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    def latents(self, symbols: str, frames: Frames) -> NDArray[np.float32]:
        """Return the latents, two to a frame, of L symbols with durations [L + 2]: [2 F, 256]."""
        ids = np.array([[0, *map(self._alphabet.__getitem__, symbols), 0]], np.int64)
        feeds = {"ids": ids, "speed": np.ones(1, np.float32), DURATIONS: frames.astype(np.float32)}
        (found,) = self._session.run([LATENTS], feeds)
        latents: NDArray[np.float32] = np.asarray(found)[0]
        return latents


def told(model: Any) -> Any:
    """Make an input of the durations that a graph would choose, and an output of its latents."""
    own = f"{DURATIONS}/chosen"
    for node in model.graph.node:
        node.output[:] = [own if name == DURATIONS else name for name in node.output]
    kinds = onnx.helper, onnx.TensorProto.FLOAT
    model.graph.input.append(kinds[0].make_tensor_value_info(DURATIONS, kinds[1], ["symbols"]))
    model.graph.output.append(kinds[0].make_empty_tensor_value_info(LATENTS))
    return model


def true_frames(
    reading: Reading, own: Frames, words: Sequence[TimedWord], duration_s: float
) -> Frames:
    """Return how many frames each symbol lasts in a clip, [L + 2], at least one each.

    Args:
        reading: L symbols and their words, as many as the clip's.
        own: how many frames the voice would give them, [L + 2]: within a word, and between two,
            the true time is shared out as these are.
        words: of the clip, without silences.
        duration_s: of the clip.

    Raises:
        ValueError: there are other words, or more symbols than frames.
    """
    if len(words) != len(reading.words):
        raise ValueError(f"{len(reading.words)} words are read, {len(words)} are said")
    places, times = [0], [0.0]
    for read, said in zip(reading.words, words, strict=True):
        places += [read.first + 1, read.end + 1]
        times += [said.start_s + LATE_S, said.end_s + LATE_S]
    places.append(len(own))
    times.append(duration_s)
    before = np.concatenate(([0], np.cumsum(own)))
    edges = np.zeros(len(own) + 1)
    for (first, end), (start_s, stop_s) in zip(pairwise(places), pairwise(times), strict=True):
        part = before[first : end + 1] - before[first]
        edges[first : end + 1] = start_s + (stop_s - start_s) * part / max(part[-1], 1)
    return _whole(edges / FRAME_S, round(duration_s / FRAME_S))


def _whole(edges: NDArray[np.float64], total: int) -> Frames:
    """Round ascending edges so that neighbours are a frame apart at least, the last at `total`."""
    steps = np.arange(len(edges))
    if total < steps[-1]:
        raise ValueError(f"{steps[-1]} symbols in {total} frames")
    rounded = np.maximum.accumulate(np.round(edges).astype(np.int64) - steps) + steps
    rounded = np.minimum(rounded, total - steps[::-1])
    rounded[0], rounded[-1] = 0, total
    return np.diff(rounded)
