"""The engine `hubert`: HuBERT over a window, and a causal Transformer that reads faces from it.

Four graphs. The *front end* turns each hop into features at 50 Hz, and never sees a sample twice.
The *encoder* runs once for every hop over the window of the last features, and says anew what each
of its newest rows is in context. The *decoder* takes each feature once, in order, as soon as it has
the right context that the stream's look-ahead leaves room for. The *face* graph reads the decoder's
memory at the moment of a frame, whose distance to each feature it gets exact to the sample.

Sizes come from the graphs: `facewire_training.recipes.hubert.export` chose them.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.clock import Clock
from facewire.errors import EngineError
from facewire.frames import AudioChunk, Samples, StreamSpec
from facewire_engines.backends.graph import Graph, GraphLoader
from facewire_engines.backends.memory import room_for_a_session
from facewire_engines.backends.onnx_graph import load_onnx
from facewire_engines.hearing.hop_intake import SAMPLE_RATE, stream_spec
from facewire_engines.hearing.hop_session import HopSession
from facewire_engines.model_files import Manifest, read_graph, read_manifest

FEATURE_RATE = 50
FEATURE = SAMPLE_RATE // FEATURE_RATE
"""Samples of one feature."""
MIDDLE = 120
"""Where the middle of what a feature sees is: of the samples from 80 before its hop to its end."""

FRONT_END, ENCODER, DECODER, FACE = (
    "front_end.onnx",
    "encoder.onnx",
    "decoder.onnx",
    "face.onnx",
)
RESULTS = {FRONT_END: "features", ENCODER: "hidden", DECODER: "memory", FACE: "weights"}
"""The graphs, and the only result of each."""

_ALONE = np.zeros(1, np.int64)

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class HubertEngine:
    """A HuBERT and its face decoder, loaded once and shared."""

    manifest: Manifest
    front_end: Graph
    encoder: Graph
    decoder: Graph
    face: Graph
    step: int
    """Features of a hop."""
    rows: int
    """The newest features of a window, whose values the encoder returns."""
    reach: int
    """Features that a frame reads."""

    @property
    def name(self) -> str:
        """What the model is called on the command line."""
        return self.manifest.name

    @property
    def sample_rate(self) -> int:
        """The rate of audio that sessions take, in Hz."""
        return SAMPLE_RATE

    @property
    def hop(self) -> int:
        """Samples between two runs of the encoder."""
        return self.step * FEATURE

    @property
    def longest_lookahead_ms(self) -> float:
        """The look-ahead that the longest right context takes."""
        return 1000 * self.rows / FEATURE_RATE

    def right_context(self, lookahead: int) -> int:
        """Return how many features may follow one before it is taken, at a look-ahead in samples.

        A frame may have to wait for a hop to end, and that time is part of its look-ahead.
        """
        return max(0, lookahead // FEATURE - self.step)

    def session(
        self,
        *,
        frame_rate: Fraction = Fraction(60),
        lookahead_ms: float = 80.0,
        clock: Clock | None = None,
    ) -> HopSession:
        """Open a stream; with a clock, its frames carry stage stamps.

        Raises:
            CapacityError: there is too little memory for one more.
            ConfigError: the look-ahead or the frame rate is out of range.
        """
        spec = stream_spec(frame_rate, lookahead_ms, self.longest_lookahead_ms)
        with room_for_a_session():
            hearing = HubertHearing(self, spec)
        return HopSession(hearing, spec, clock, hop=self.hop)


class HubertHearing:
    """All that is remembered about one stream, whose look-ahead stays what it is."""

    def __init__(self, engine: HubertEngine, spec: StreamSpec) -> None:
        self._engine = engine
        self._right = engine.right_context(spec.lookahead)
        self._front_end = engine.front_end.streams(1)
        self._encoder = engine.encoder.streams(1)
        self._decoder = engine.decoder.streams(1)
        self._memory = engine.face.spec.inputs[0].zeros(1)
        self._hops = 0

    @property
    def _taken(self) -> int:
        """How many features the decoder has seen, less those before the stream."""
        return self._hops * self._engine.step - self._right

    def hear(self, samples: Samples) -> None:
        """Run everything at the rate of features over one hop."""
        step = self._engine.step
        (features,) = self._front_end.step(_ALONE, {"samples": samples[None]})
        (hidden,) = self._encoder.step(_ALONE, {"features": features})
        self._hops += 1
        newest = self._engine.rows - self._right
        first = self._taken - step
        feeds = {
            "features": np.ascontiguousarray(hidden[:, newest - step : newest]),
            "known": (np.arange(first, first + step) >= 0).astype(np.float32)[None],
        }
        (memory,) = self._decoder.step(_ALONE, feeds)
        self._memory = np.concatenate((self._memory, memory), axis=1)[:, -self._engine.reach :]

    def face(self, timestamp: int, _: StreamSpec) -> tuple[NDArray[np.float32], float]:
        """Ask the decoder's memory about a moment; who speaks is not known."""
        features = np.arange(self._taken - self._engine.reach, self._taken)
        ages = (timestamp - (features * FEATURE + MIDDLE)) / FEATURE
        feeds = {
            "memory": self._memory,
            "ages": ages.astype(np.float32)[None],
            "known": (features >= 0).astype(np.float32)[None],
        }
        (weights,) = self._engine.face.run(feeds)
        return weights[0], 1.0


def load_hubert(folder: Path, load: GraphLoader = load_onnx) -> HubertEngine:
    """Load a model of this kind from a folder, and run it once so that the first frame is fast.

    Args:
        folder: where its manifest is.
        load: the back-end.

    Raises:
        EngineError: a file is missing, damaged, or not a model of this kind, or the back-end
            cannot run it.
    """
    manifest = read_manifest(folder)
    if manifest.blendshapes != arkit.NAMES or not RESULTS.keys() <= manifest.files.keys():
        raise EngineError(
            f"the model in {folder} is not one for the engine hubert; make one with: "
            "python -m facewire_training.recipes.hubert.export"
        )
    graphs = {name: load(read_graph(folder, manifest, name)) for name in RESULTS}
    sizes = {name: _result_rows(graph, RESULTS[name]) for name, graph in graphs.items()}
    reach = graphs[FACE].spec.inputs[0].zeros(1).shape[1]
    engine = HubertEngine(
        manifest,
        graphs[FRONT_END],
        graphs[ENCODER],
        graphs[DECODER],
        graphs[FACE],
        step=sizes[FRONT_END],
        rows=sizes[ENCODER],
        reach=reach,
    )
    engine.session(lookahead_ms=0).push(
        AudioChunk(np.zeros(2 * engine.hop, np.float32), 0, SAMPLE_RATE)
    )
    return engine


def _result_rows(graph: Graph, name: str) -> int:
    """Return how many rows a graph's result has, after checking that it is the only one.

    Raises:
        EngineError: it is not.
    """
    results = graph.spec.results
    if [result.name for result in results] != [name]:
        raise EngineError(
            f"the model returns {', '.join(result.name for result in results)} instead of {name}; "
            "export it again with this version of Facewire"
        )
    return int(results[0].zeros(1).shape[1])
