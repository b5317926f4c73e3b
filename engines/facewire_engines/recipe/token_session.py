"""Tokens to faces by a recipe's decoder: what a TTS says goes to it, past its encoder.

Token `k` covers the period of row `k`. A TTS knows tokens before their audio exists, so look-ahead
costs nothing but tokens.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire.clock import Clock
from facewire.errors import ConfigError
from facewire.frames import StreamSpec
from facewire.tokens import TokenSpace
from facewire_engines.backends.graph import GraphLoader
from facewire_engines.backends.onnx_graph import load_onnx
from facewire_engines.hearing.hop_intake import stream_spec
from facewire_engines.hearing.id_session import IdSession
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
    ) -> IdSession:
        """Open a stream; with a clock, its frames carry stage stamps.

        Raises:
            ConfigError: the look-ahead or the frame rate is out of range.
        """
        stream_spec(frame_rate, lookahead_ms, LONGEST_LOOKAHEAD_MS)
        used = min(lookahead_ms, self.model.about.lookahead_ms)
        spec = stream_spec(frame_rate, used, LONGEST_LOOKAHEAD_MS, self.sample_rate)
        return IdSession(self.space, spec, _IdsInSteps(self.model, spec), clock)


class _IdsInSteps:
    """The ids that the decoder has not taken, and what it remembers of the others."""

    def __init__(self, model: RecipeModel, spec: StreamSpec) -> None:
        self._model, self._spec = model, spec
        self._rows = RememberedRows(model, 1)
        self._rows.reset(0)
        self._ids = np.zeros(0, np.int64)
        self._taken = 0
        self._count = NEVER
        """How many ids the stream has, once that is known."""

    def take(self, ids: NDArray[np.int64]) -> None:
        """Take the next ids."""
        self._ids = np.concatenate((self._ids, ids))

    def end(self) -> None:
        """Know that what would follow the last id is unknown.

        As in training, frames at the end read the last ids: only a step is made whole.
        """
        self._count = self._taken + len(self._ids)
        self.take(np.zeros(-self._count % self._model.step, np.int64))

    def face(self, timestamp: int) -> tuple[NDArray[np.float32], float] | None:
        """Decode a frame once its whole steps of ids are there; who speaks is not known."""
        step = self._model.step
        moment = Fraction(timestamp + self._spec.lookahead, self._spec.sample_rate)
        whole_steps = int(moment * self._model.rate) // step * step
        wanted = min(whole_steps, -(-self._count // step) * step)
        while self._taken < wanted and len(self._ids) >= step:
            said, self._ids = self._ids[:step], self._ids[step:]
            self._rows.take(_ALONE, said[None, :, None], np.array([self._taken]), self._count)
            self._taken += step
        if self._taken < wanted:
            return None
        weights = self._rows.faces(
            _ALONE, np.array([timestamp]), np.array([self._taken]), np.array([self._count])
        )
        return weights[0], 1.0


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
