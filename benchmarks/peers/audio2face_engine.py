"""The rebuilt Audio2Face-3D network as an engine, so that the same load can be put on it.

Its frames hold the network's 301 coefficients; they are faces of nobody.
"""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from facewire.clock import Clock
from facewire.frames import AudioChunk, BlendshapeFrame, Samples, StreamSpec
from facewire_engines.backends.onnx_graph import OnnxGraph

SAMPLE_RATE = 16_000
WINDOW = 8_320
LOOKAHEAD_MS = 260.0
EMOTION = 26


class PeerEngine:
    """The network, loaded once and shared; every frame is a run over its own window."""

    name = "audio2face-3d (rebuilt, random weights)"
    sample_rate = SAMPLE_RATE
    hop = 160

    def __init__(self, content: bytes) -> None:
        """Load what `peers.audio2face_regression.export_onnx` returned.

        Raises:
            EngineError: onnxruntime cannot load it.
        """
        self.graph = OnnxGraph(content, ("samples", "emotion"))

    def session(
        self,
        *,
        frame_rate: Fraction = Fraction(30),
        lookahead_ms: float = LOOKAHEAD_MS,
        clock: Clock | None = None,
    ) -> "PeerSession":
        """Open a stream; the look-ahead is always half a window, and nothing is stamped."""
        return PeerSession(self.graph, spec_of(frame_rate))


class _Windows:
    """The audio of a stream, cut into the windows of its frames."""

    def __init__(self, spec: StreamSpec) -> None:
        self._spec = spec
        self._heard: Samples = np.zeros(WINDOW, np.float32)
        self.received = 0
        self._frames = 0

    def push(self, chunk: AudioChunk) -> Iterator[tuple[int, Samples]]:
        """Take the next samples, at most half a window, and yield each frame that they complete:
        its index, and its window.
        """
        self._heard = np.concatenate((self._heard, chunk.samples))[-2 * WINDOW :]
        self.received = chunk.end
        while True:
            end = self._spec.timestamp(self._frames) + self._spec.lookahead
            if end > self.received:
                return
            newest = len(self._heard) - (self.received - end)
            self._frames += 1
            yield self._frames - 1, self._heard[newest - WINDOW : newest]


class PeerBatch:
    """Streams that hear the same in step: a frame of all of them is one run."""

    def __init__(self, graph: OnnxGraph, frame_rate: Fraction, streams: int) -> None:
        self._graph = graph
        self._windows = _Windows(spec_of(frame_rate))
        self._streams = streams
        self._emotion = np.zeros((streams, EMOTION), np.float32)

    def push(self, chunk: AudioChunk) -> int:
        """Take the next samples of every stream, and return how many frames that made."""
        made = 0
        for _, window in self._windows.push(chunk):
            samples = np.tile(window, (self._streams, 1))
            (found,) = self._graph.run({"samples": samples, "emotion": self._emotion})
            made += len(found)
        return made


class PeerSession:
    """One stream: the audio of a window, and how many frames there were."""

    def __init__(self, graph: OnnxGraph, spec: StreamSpec) -> None:
        self.spec = spec
        self._graph = graph
        self._windows = _Windows(spec)
        self._emotion = np.zeros((1, EMOTION), np.float32)

    def push(self, chunk: AudioChunk) -> list[BlendshapeFrame]:
        """Take the next samples, at most half a window of them, and return what they complete."""
        frames = []
        for index, window in self._windows.push(chunk):
            (found,) = self._graph.run({"samples": window[None], "emotion": self._emotion})
            frames.append(BlendshapeFrame(found[0], index, self.spec.timestamp(index)))
        return frames

    def flush(self) -> list[BlendshapeFrame]:
        """End the stream and return its last frames, as if silence followed."""
        silence = np.zeros(self.spec.lookahead, np.float32)
        return self.push(AudioChunk(silence, self._windows.received, SAMPLE_RATE))

    def close(self) -> None:
        """Do nothing: what it holds goes with it."""


def spec_of(frame_rate: Fraction) -> StreamSpec:
    """Return the geometry of a stream; the look-ahead is always half a window."""
    return StreamSpec(SAMPLE_RATE, frame_rate, int(LOOKAHEAD_MS * SAMPLE_RATE / 1000))
