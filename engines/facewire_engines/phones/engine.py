"""The embedded engine: a causal encoder to phonetic tokens, a windowed decoder to 52 weights."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.clock import Clock
from facewire.errors import EngineError
from facewire.frames import AudioChunk, Samples, StreamSpec
from facewire_engines.backends.graph import Graph, GraphLoader
from facewire_engines.backends.onnx_graph import load_onnx
from facewire_engines.hearing.hop_groups import TOGETHER
from facewire_engines.hearing.hop_intake import SAMPLE_RATE, stream_spec
from facewire_engines.hearing.hop_session import TunableHopSession
from facewire_engines.model_files import EMBEDDED_MODELS, Manifest, read_graph, read_manifest
from facewire_engines.phones.alignment.pronunciations.languages import pronunciation
from facewire_engines.phones.alignment.session import PhonesAlignedSession
from facewire_engines.phones.geometry import (
    HINDSIGHT,
    HOP,
    MAX_LOOKAHEAD_MS,
    MEMORY,
    NOW_PLACE,
    PLACES,
    SILENCE,
)
from facewire_engines.phones.phone_set import PHONES
from facewire_engines.phones.token_session import PhonesTokenDecoder

PROCESSOR = ("onnx", "torch")
"""The back-ends that take several hops in one run; compiled plans are for one."""

ENCODER_INPUTS: tuple[str, ...] = ("samples", "past_samples", "past_mel", "past_hidden")
DECODER_INPUTS: tuple[str, ...] = ("tokens", "known", "effort", "effort_known")
GRAPHS: dict[str, tuple[str, ...]] = {
    "encoder.onnx": ENCODER_INPUTS,
    "decoder.onnx": DECODER_INPUTS,
}
"""The files of such a model, and what they take."""

_ALONE = np.zeros(1, np.int64)
"""The only row."""

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class PhonesEngine:
    """The embedded model, loaded once and shared."""

    manifest: Manifest
    encoder: Graph
    decoder: Graph
    together: int = 1
    """How many hops one run of the encoder may take."""

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
        """Samples between two steps of the encoder."""
        return HOP

    @property
    def longest_lookahead_ms(self) -> float:
        """The longest look-ahead of a session."""
        return MAX_LOOKAHEAD_MS

    @property
    def tunable(self) -> bool:
        """Whether a look-ahead may change while a stream runs."""
        return True

    @property
    def past(self) -> tuple[Array, ...]:
        """What the encoder remembers before its first sample, for one stream."""
        return tuple(past.zeros(1) for past in self.encoder.spec.pasts)

    def session(
        self,
        *,
        frame_rate: Fraction = Fraction(60),
        lookahead_ms: float = 80.0,
        clock: Clock | None = None,
    ) -> TunableHopSession:
        """Open a stream; with a clock, its frames carry stage stamps.

        Raises:
            ConfigError: the look-ahead or the frame rate is out of range.
        """
        spec = stream_spec(frame_rate, lookahead_ms, MAX_LOOKAHEAD_MS)
        return TunableHopSession(
            PhonesHearing(self),
            spec,
            clock,
            hop=HOP,
            longest_ms=MAX_LOOKAHEAD_MS,
            together=self.together,
        )

    def token_decoder(self) -> PhonesTokenDecoder:
        """Return the part of it that takes tokens."""
        return PhonesTokenDecoder(self.name, self.decoder)

    def prepare_alignment(self, language: str) -> None:
        """Load the dictionary of a language, if there is one; see `AligningEngine`."""
        pronunciation(language)("a")

    def aligned_session(
        self,
        *,
        frame_rate: Fraction = Fraction(60),
        language: str = "en-us",
        clock: Clock | None = None,
        on_end: Callable[[], None] = lambda: None,
    ) -> PhonesAlignedSession:
        """Open a stream of one turn whose times are known; see `AligningEngine`.

        Raises:
            ConfigError: the frame rate is out of range.
        """
        return PhonesAlignedSession(
            self.encoder,
            self.token_decoder(),
            pronunciation(language),
            frame_rate=frame_rate,
            together=self.together,
            clock=clock,
            on_end=on_end,
        )


class PhonesHearing:
    """All that is remembered about one stream."""

    def __init__(self, engine: PhonesEngine) -> None:
        self._decoder = engine.decoder
        self._encoder = engine.encoder.streams(1)
        self._tokens = np.zeros((MEMORY, len(PHONES) + 1), np.float32)
        self._tokens[:, SILENCE] = 1.0
        self._hops = 0

    def hear(self, samples: Samples) -> None:
        """Run the encoder over some hops: the newest rows replace what was said before."""
        classes, effort = self._encoder.step(_ALONE, {ENCODER_INPUTS[0]: samples[None]})
        for place in range(classes.shape[1]):
            self._tokens[HINDSIGHT:] = self._tokens[HINDSIGHT - 1 : -1].copy()
            self._tokens[:HINDSIGHT, :-1] = classes[0, place]
            self._tokens[:HINDSIGHT, -1] = effort[0, place]
            self._hops += 1

    def face(self, timestamp: int, _: StreamSpec) -> tuple[Array, float]:
        """Decode the window around a moment."""
        places = _places(self._hops * HOP - timestamp)
        window = self._tokens[places.low] * (1 - places.share)
        window += self._tokens[places.low + 1] * places.share
        known = places.known[None]
        tokens, effort = window[None, :, :-1], window[None, :, -1]
        inputs = (tokens, known, effort, known)
        (weights,) = self._decoder.run(dict(zip(DECODER_INPUTS, inputs, strict=True)))
        before, after = window[NOW_PLACE - 1, SILENCE], window[NOW_PLACE, SILENCE]
        quiet = (before + after) / 2 if places.known[NOW_PLACE] else before
        return weights[0], float(1 - quiet)


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Where the decoder's window falls among the tokens, newest first."""

    low: NDArray[np.int64]
    """`[W]` the later of the two tokens around each place."""
    share: Array
    """`[W, 1]` how much the earlier one counts."""
    known: Array
    """`[W]` whether the place has been heard, 1 or 0."""


@lru_cache(maxsize=1024)
def _places(age: int) -> _Places:
    """Return the places for a frame that is so many samples old; streams meet few such ages."""
    ages = (age - PLACES) / HOP - 0.5
    known = (ages > -0.5).astype(np.float32)
    ages = np.maximum(ages, 0.0)
    low = ages.astype(np.int64)
    return _Places(low, (ages - low).astype(np.float32)[:, None], known)


def load_phones(folder: Path, load: GraphLoader = load_onnx) -> PhonesEngine:
    """Load a model of this kind from a folder.

    Args:
        folder: where its manifest is.
        load: the back-end.

    Raises:
        EngineError: a file is missing, damaged, or not a model of this kind, or the back-end
            cannot run it.
    """
    manifest = read_manifest(folder)
    if manifest.tokens != PHONES or manifest.blendshapes != arkit.NAMES:
        raise EngineError(f"the model in {folder} speaks other tokens or shapes than this engine")
    encoder, decoder = (_load(folder, manifest, name, load) for name in GRAPHS)
    together = TOGETHER if encoder.backend in PROCESSOR else 1
    return PhonesEngine(manifest, encoder, decoder, together)


def _load(folder: Path, manifest: Manifest, name: str, load: GraphLoader) -> Graph:
    graph = load(read_graph(folder, manifest, name))
    graph.spec.require(GRAPHS[name])
    return graph


def load_embedded(load: GraphLoader = load_onnx) -> PhonesEngine:
    """Load the model that comes with Facewire, and run it once so that the first frame is fast.

    Raises:
        EngineError: a file is missing or damaged, or the back-end cannot run it.
    """
    engine = load_phones(EMBEDDED_MODELS / "phones", load)
    engine.session().push(AudioChunk(np.zeros(4 * HOP, np.float32), 0, SAMPLE_RATE))
    return engine
