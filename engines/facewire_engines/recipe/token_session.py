"""Tokens to faces by a recipe's decoder: what a TTS says goes to it, past its encoder.

Token `k` covers the period of row `k`. A TTS knows tokens before their audio exists, so look-ahead
costs nothing but tokens.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from facewire.clock import Clock
from facewire.errors import ConfigError
from facewire.frames import BlendshapeFrame, Stamps, StreamSpec
from facewire.tokens import TokenChunk, TokenSpace
from facewire_engines.backends.graph import GraphLoader
from facewire_engines.backends.onnx_graph import load_onnx
from facewire_engines.hearing.hop_intake import stream_spec
from facewire_engines.hearing.token_intake import TokenIntake
from facewire_engines.recipe.model import RecipeModel, load_recipe_model
from facewire_engines.recipe.rows import NEVER, RememberedRows

LONGEST_LOOKAHEAD_MS = 1000.0
"""Of a session; beyond what the decoder has learned it tells nothing, and is not used."""

_ALONE = np.zeros(1, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class RecipeTokenDecoder:
    """The decoder of a pair whose rows are one id each. Immutable, and shared."""

    model: RecipeModel
    space: TokenSpace
    """What tokens it takes."""

    @property
    def sample_rate(self) -> int:
        """The rate of the audio clock that tokens are on, in Hz."""
        return self.model.about.sample_rate

    def session(
        self,
        *,
        frame_rate: Fraction = Fraction(60),
        lookahead_ms: float = LONGEST_LOOKAHEAD_MS,
        clock: Clock | None = None,
    ) -> "RecipeTokenSession":
        """Open a stream; with a clock, its frames carry stage stamps.

        Raises:
            ConfigError: the look-ahead or the frame rate is out of range.
        """
        stream_spec(frame_rate, lookahead_ms, LONGEST_LOOKAHEAD_MS)
        used = min(lookahead_ms, self.model.about.lookahead_ms)
        spec = stream_spec(frame_rate, used, LONGEST_LOOKAHEAD_MS, self.sample_rate)
        return RecipeTokenSession(self, spec, clock)


class RecipeTokenSession:
    """All that is remembered about one stream of tokens. Used by one thread at a time.

    A frame leaves once every token exists that ends within its look-ahead, so how tokens were
    chunked changes nothing.
    """

    def __init__(self, decoder: RecipeTokenDecoder, spec: StreamSpec, clock: Clock | None) -> None:
        self.spec = spec
        self._model = decoder.model
        self._clock = clock
        self._rows = RememberedRows(decoder.model, 1)
        self._rows.reset(0)
        self._tokens = np.zeros(0, np.int64)
        """Those that the decoder has not taken."""
        self._taken = 0
        self._count = NEVER
        """How many tokens the stream has, once that is known."""
        self._intake = TokenIntake(decoder.space, spec)
        self._frames = 0

    def push(self, chunk: TokenChunk) -> list[BlendshapeFrame]:
        """Take the next tokens and return the frames that they complete.

        Raises:
            ValueError: the tokens are of another space or clock, are no ids, or do not follow the
                last ones.
        """
        if not chunk.is_ids:
            raise ValueError("expected ids, got probabilities")
        self._intake.take(chunk)
        self._tokens = np.concatenate((self._tokens, chunk.tokens.astype(np.int64)))
        return self._ready()

    def flush(self) -> list[BlendshapeFrame]:
        """End the stream and return its last frames; what would follow the last token is unknown.

        There are none if it has ended.
        """
        if self._intake.ended:
            return []
        self._intake.end()
        self._count = self._taken + len(self._tokens)
        # As in training, frames at the end read the last tokens: only a step is made whole.
        missing = -self._count % self._model.step
        self._tokens = np.concatenate((self._tokens, np.zeros(missing, np.int64)))
        return self._ready()

    def close(self) -> None:
        """End the stream without its last frames."""
        self._intake.end()

    def _ready(self) -> list[BlendshapeFrame]:
        """Make every frame all of whose tokens are known."""
        frames: list[BlendshapeFrame] = []
        started = self._now()
        step = self._model.step
        while (timestamp := self.spec.timestamp(self._frames)) < self._intake.received:
            moment = Fraction(timestamp + self.spec.lookahead, self.spec.sample_rate)
            whole_steps = int(moment * self._model.rate) // step * step
            wanted = min(whole_steps, -(-self._count // step) * step)
            while self._taken < wanted and len(self._tokens) >= step:
                self._take(step)
            if self._taken < wanted:
                break
            frames.append(self._frame(timestamp, started))
            self._frames += 1
        return frames

    def _take(self, step: int) -> None:
        said, self._tokens = self._tokens[:step], self._tokens[step:]
        self._rows.take(_ALONE, said[None, :, None], np.array([self._taken]), self._count)
        self._taken += step

    def _frame(self, timestamp: int, started: int) -> BlendshapeFrame:
        weights = self._rows.faces(
            _ALONE, np.array([timestamp]), np.array([self._taken]), np.array([self._count])
        )
        return BlendshapeFrame(
            weights=weights[0],
            index=self._frames,
            timestamp=timestamp,
            turn=self._intake.turn(timestamp),
            stamps=Stamps(started=started, encoded=started, decoded=self._now()),
        )

    def _now(self) -> int:
        return self._clock.now() if self._clock else 0


def token_decoder_of(model: RecipeModel) -> RecipeTokenDecoder:
    """Return the part of a model that takes tokens.

    Raises:
        ConfigError: its rows are not one id each.
    """
    about = model.about
    if about.kind != "ids" or about.codebooks != 1:
        rows = "features" if about.kind == "features" else f"{about.codebooks} ids in each row"
        raise ConfigError(
            f"the model {model.manifest.name!r} decodes {rows}, and tokens are one id each; use "
            "phones, or a model of such ids"
        )
    return RecipeTokenDecoder(model, TokenSpace(about.name, model.rate, about.vocabulary))


def load_token_decoder(folder: Path, load: GraphLoader = load_onnx) -> RecipeTokenDecoder:
    """Load the part of a model that takes tokens.

    Raises:
        ConfigError: its rows are not one id each.
        EngineError: a file is missing, damaged, or not a model of this kind.
    """
    return token_decoder_of(load_recipe_model(folder, load))
