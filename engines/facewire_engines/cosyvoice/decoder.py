"""A decoder for CosyVoice's tokens: a window of ids around a frame, to 52 weights.

A frame lies somewhere within a token of 40 ms. Its window is that token, `BEFORE` before it and
`AFTER` after it; how far into the token it lies is the *phase*, a number of its own, so any frame
rate is exact. Tokens that end after the look-ahead are unknown to the graph.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.clock import Clock
from facewire.errors import EngineError
from facewire.frames import StreamSpec
from facewire.tokens import TokenSpace
from facewire_engines.backends.graph import Array, Graph, GraphLoader
from facewire_engines.backends.id_tables import takes_id
from facewire_engines.backends.onnx_graph import load_onnx
from facewire_engines.cosyvoice.tokens import SPACES, VOCABULARY
from facewire_engines.hearing.hop_intake import stream_spec
from facewire_engines.hearing.id_session import IdSession
from facewire_engines.model_files import Manifest, read_graph, read_manifest

BEFORE, AFTER = 7, 8
"""Tokens of a window before and after the frame's own."""
PLACES = BEFORE + 1 + AFTER
REST = VOCABULARY
"""What the graph calls silence outside of the speech; no voice says it."""
MAX_LOOKAHEAD_MS = 320
SAMPLE_RATE = 24_000
"""Of CosyVoice's audio, in Hz."""

FILE = "decoder.onnx"
INPUTS: tuple[str, ...] = ("tokens", "known", "phase")


@dataclass(frozen=True, slots=True)
class CosyVoiceDecoder:
    """A loaded decoder. Immutable, and shared by every session."""

    manifest: Manifest
    graph: Graph
    space: TokenSpace
    """What tokens it takes."""
    sample_rate: int = SAMPLE_RATE
    """The rate of the audio clock that tokens are on, in Hz."""

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.manifest.name

    def session(
        self,
        *,
        frame_rate: Fraction = Fraction(60),
        lookahead_ms: float = MAX_LOOKAHEAD_MS,
        clock: Clock | None = None,
    ) -> IdSession:
        """Open a stream; with a clock, its frames carry stage stamps.

        Raises:
            ConfigError: the look-ahead or the frame rate is out of range.
        """
        spec = stream_spec(frame_rate, lookahead_ms, MAX_LOOKAHEAD_MS, self.sample_rate)
        return IdSession(self.space, spec, TokenWindow(self, spec), clock)


class TokenWindow:
    """The tokens that a window around the next frame can reach."""

    def __init__(self, decoder: CosyVoiceDecoder, spec: StreamSpec) -> None:
        self._spec, self._graph, self._space = spec, decoder.graph, decoder.space
        self._tokens = np.full(BEFORE + 1, REST, np.int64)
        self._first = -len(self._tokens)
        """Which token of the stream the oldest is."""

    def take(self, ids: NDArray[np.int64]) -> None:
        """Take the next tokens."""
        self._tokens = np.concatenate((self._tokens, ids))

    def end(self) -> None:
        """Let known silence follow the last token."""
        self.take(np.full(PLACES + AFTER, REST))

    def face(self, timestamp: int) -> tuple[NDArray[np.float32], float] | None:
        """Decode a frame whose look-ahead ends within the known tokens."""
        old = self._token(timestamp) - BEFORE - 1 - self._first
        if old > 0:
            self._tokens = self._tokens[old:]
            self._first += old
        if self._complete(timestamp) > self._first + len(self._tokens):
            return None
        centre = self._token(timestamp)
        places = np.arange(centre - BEFORE, centre + AFTER + 1)
        known = places < self._complete(timestamp)
        ids = np.full(PLACES, REST, np.int64)
        ids[known] = self._tokens[np.maximum(places[known] - self._first, 0)]
        phase = Fraction(timestamp, self._spec.sample_rate) * self._space.rate - centre
        feeds: dict[str, Array] = {
            "tokens": ids[None],
            "known": known[None].astype(np.float32),
            "phase": np.array([phase], np.float32),
        }
        weights, speech = self._graph.run(feeds)
        return weights[0], float(speech[0])

    def _complete(self, timestamp: int) -> int:
        """Return how many tokens of the stream end within the look-ahead of a frame."""
        return self._token(timestamp + self._spec.lookahead)

    def _token(self, sample: int) -> int:
        return self._space.token(sample, self._spec.sample_rate)


def load_decoder(
    folder: Path, sample_rate: int = SAMPLE_RATE, load: GraphLoader = load_onnx
) -> CosyVoiceDecoder:
    """Load a decoder from the folder that `facewire_training.recipes.cosyvoice.export` wrote.

    Args:
        folder: where its manifest is.
        sample_rate: Hz, of the audio that tokens stand for.
        load: the back-end.

    Raises:
        EngineError: a file is missing, damaged, or not a model of this kind.
    """
    manifest = read_manifest(folder)
    if manifest.name not in SPACES or manifest.blendshapes != arkit.NAMES:
        raise EngineError(
            f"the model in {folder} is {manifest.name!r}, not a decoder of CosyVoice's tokens; "
            "train one with facewire_training.recipes.cosyvoice"
        )
    file = read_graph(folder, manifest, FILE)
    graph = load(file)
    graph.spec.require(INPUTS)
    # Elsewhere than on the processor an id too many may go unnoticed, or end the process.
    if not takes_id(graph if graph.backend == "onnx" else load_onnx(file), REST):
        raise EngineError(
            f"the decoder in {folder} does not know all {VOCABULARY} tokens and rest; export the "
            "model again"
        )
    return CosyVoiceDecoder(manifest, graph, SPACES[manifest.name], sample_rate)
