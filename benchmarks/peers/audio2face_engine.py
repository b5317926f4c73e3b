"""The rebuilt Audio2Face-3D network as an engine, so that the same load can be put on it.

Its frames hold the network's 301 coefficients; they are faces of nobody.
"""

from fractions import Fraction

import numpy as np

from facewire.clock import Clock
from facewire.frames import AudioChunk, BlendshapeFrame, Samples, StreamSpec
from facewire_engines.onnx_graph import OnnxGraph

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
        lookahead = int(LOOKAHEAD_MS * SAMPLE_RATE / 1000)
        return PeerSession(self.graph, StreamSpec(SAMPLE_RATE, frame_rate, lookahead))


class PeerSession:
    """One stream: the audio of a window, and how many frames there were."""

    def __init__(self, graph: OnnxGraph, spec: StreamSpec) -> None:
        self.spec = spec
        self._graph = graph
        self._heard: Samples = np.zeros(WINDOW, np.float32)
        self._received = 0
        self._frames = 0
        self._emotion = np.zeros((1, EMOTION), np.float32)

    def push(self, chunk: AudioChunk) -> list[BlendshapeFrame]:
        """Take the next samples, at most half a window of them, and return what they complete."""
        self._heard = np.concatenate((self._heard, chunk.samples))[-2 * WINDOW :]
        self._received = chunk.end
        frames = []
        while (end := self.spec.timestamp(self._frames) + self.spec.lookahead) <= self._received:
            newest = len(self._heard) - (self._received - end)
            window = self._heard[newest - WINDOW : newest]
            (found,) = self._graph.run({"samples": window[None], "emotion": self._emotion})
            timestamp = self.spec.timestamp(self._frames)
            frames.append(BlendshapeFrame(found[0], self._frames, timestamp))
            self._frames += 1
        return frames

    def flush(self) -> list[BlendshapeFrame]:
        """End the stream and return its last frames, as if silence followed."""
        silence = np.zeros(self.spec.lookahead, np.float32)
        return self.push(AudioChunk(silence, self._received, SAMPLE_RATE))

    def close(self) -> None:
        """Do nothing: what it holds goes with it."""
