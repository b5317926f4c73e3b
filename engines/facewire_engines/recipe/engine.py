"""The engine `recipe`: an encoder and a face decoder that a recipe has trained, as a stream."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire.clock import Clock
from facewire.frames import AudioChunk, Samples, StreamSpec
from facewire_engines.backends.graph import GraphLoader
from facewire_engines.backends.memory import room_for_a_session
from facewire_engines.backends.onnx_graph import load_onnx
from facewire_engines.hearing.hop_intake import stream_spec
from facewire_engines.hearing.hop_session import HopSession, TunableHopSession
from facewire_engines.recipe.model import Meaning, RecipeModel, load_recipe_model
from facewire_engines.recipe.rows import RecipeRows
from facewire_engines.recipe.token_session import RecipeTokenDecoder, token_decoder_of

_ALONE = np.zeros(1, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class RecipeEngine:
    """A pair of encoder and decoder, loaded once and shared."""

    model: RecipeModel

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.model.manifest.name

    @property
    def sample_rate(self) -> int:
        """The rate of audio that sessions take, in Hz."""
        return self.model.about.sample_rate

    @property
    def hop(self) -> int:
        """Samples between two runs of the encoder."""
        return self.model.hop

    @property
    def longest_lookahead_ms(self) -> float:
        """The longest look-ahead of a session."""
        return self.model.longest_lookahead_ms

    @property
    def tunable(self) -> bool:
        """Whether a look-ahead may change while a stream runs: right context may not."""
        return self.model.right == 0

    @property
    def styles(self) -> tuple[str, ...]:
        """The styles that sessions may ask for; none where the model has none."""
        return self.model.about.styles

    def in_style(self, style: Mapping[str, float]) -> "RecipeEngine":
        """Return the same engine, for which a style is usual.

        Raises:
            ConfigError: the model has no such style.
        """
        return replace(self, model=self.model.in_style(style))

    def session(
        self,
        *,
        frame_rate: Fraction = Fraction(60),
        lookahead_ms: float = 80.0,
        clock: Clock | None = None,
        style: Mapping[str, float] | None = None,
    ) -> HopSession:
        """Open a stream; with a clock, its frames carry stage stamps.

        Args:
            frame_rate: of its frames.
            lookahead_ms: how far past each frame is heard.
            clock: stamps the frames.
            style: shares of the model's styles, such as `{"grid": 0.3}`; the first of them has
                what these leave. What is usual for the engine if None.

        Raises:
            CapacityError: there is too little memory for one more.
            ConfigError: the look-ahead or the frame rate is out of range, or the model has no such
                style.
        """
        shares = self.model.shares(style)
        longest = self.longest_lookahead_ms
        spec = stream_spec(frame_rate, lookahead_ms, longest, self.sample_rate)
        with room_for_a_session():
            hearing = RecipeHearing(self.model, spec, shares)
        if not self.tunable:
            return HopSession(hearing, spec, clock, hop=self.hop)
        return TunableHopSession(hearing, spec, clock, hop=self.hop, longest_ms=longest)

    def token_decoder(self) -> RecipeTokenDecoder:
        """Return the part of it that takes tokens.

        Raises:
            ConfigError: its rows are not one id each.
        """
        return token_decoder_of(self.model)


class RecipeHearing:
    """All that is remembered about one stream."""

    def __init__(self, model: RecipeModel, spec: StreamSpec, shares: NDArray[np.float32]) -> None:
        self._rows = RecipeRows(model, 1)
        self._rows.reset(0, spec)
        self._rows.set_style(0, shares)

    def hear(self, samples: Samples) -> None:
        """Run everything at the rate of rows over one hop."""
        self._rows.encode(_ALONE, samples[None])

    def face(self, timestamp: int, _: StreamSpec) -> tuple[NDArray[np.float32], float]:
        """Ask what is remembered about a moment; who speaks is not known."""
        weights, speech = self._rows.decode(_ALONE, np.array([timestamp]))
        return weights[0], float(speech[0])


def load_recipe(
    folder: Path, load: GraphLoader = load_onnx, meaning: Meaning | None = None
) -> RecipeEngine:
    """Load a model of this kind from a folder, and run it once so that the first frame is fast.

    Args:
        folder: where its manifest is.
        load: the back-end.
        meaning: tells what its rows mean, where the manifest does not say it.

    Raises:
        EngineError: a file is missing, damaged, or not a model of this kind, or the back-end
            cannot run it.
    """
    engine = RecipeEngine(load_recipe_model(folder, load, meaning))
    silence = np.zeros(2 * engine.hop, np.float32)
    engine.session(lookahead_ms=0).push(AudioChunk(silence, 0, engine.sample_rate))
    return engine
