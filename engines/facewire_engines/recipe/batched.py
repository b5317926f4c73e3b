"""A pair of encoder and decoder for many streams at once."""

import copy
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

from facewire.clock import Clock, SystemClock
from facewire_engines.backends.graph import GraphLoader
from facewire_engines.backends.onnx_graph import load_onnx
from facewire_engines.hearing.batched_engine import CAPACITY, BatchedEngine
from facewire_engines.hearing.batched_session import BatchedSession
from facewire_engines.hearing.batching import GATHER_NS, MAX_BATCH
from facewire_engines.recipe.engine import RecipeEngine, load_recipe
from facewire_engines.recipe.rows import RecipeRows


class BatchedRecipeEngine(BatchedEngine[RecipeEngine, RecipeRows]):
    """A pair, loaded once; its sessions are stepped together, each in a style of its own."""

    @property
    def styles(self) -> tuple[str, ...]:
        """The styles that sessions may ask for; none where the model has none."""
        return self.model.styles

    def in_style(self, style: Mapping[str, float]) -> "BatchedRecipeEngine":
        """Return the same engine, with the same rows, for which a style is usual.

        Raises:
            ConfigError: the model has no such style.
        """
        other = copy.copy(self)
        other._model = self.model.in_style(style)
        return other

    def session(
        self,
        *,
        frame_rate: Fraction = Fraction(60),
        lookahead_ms: float = 80.0,
        clock: Clock | None = None,
        style: Mapping[str, float] | None = None,
    ) -> BatchedSession:
        """Open a stream; its row is free again when it was flushed or closed.

        Args:
            frame_rate: of its frames.
            lookahead_ms: how far past each frame is heard.
            clock: stamps the frames.
            style: shares of `styles`; the first of them has what these leave. What is usual for the
                engine if None.

        Raises:
            CapacityError: all rows are taken, or frames of the open sessions are late already.
            ConfigError: the look-ahead or the frame rate is out of range, or the model has no such
                style.
        """
        shares = self.model.model.shares(style)
        session = super().session(frame_rate=frame_rate, lookahead_ms=lookahead_ms, clock=clock)
        # The rows know what is usual for the model, which need not be what is for this engine.
        session.begin = lambda row: self._rows.set_style(row, shares)
        return session


def share_runs(
    engine: RecipeEngine,
    clock: Clock,
    capacity: int = CAPACITY,
    max_batch: int = MAX_BATCH,
    gather_ns: int = GATHER_NS,
) -> BatchedRecipeEngine:
    """Return an engine of the same model whose sessions share runs; see `BatchedEngine`."""
    rows = RecipeRows(engine.model, capacity)
    return BatchedRecipeEngine(
        engine, rows, clock, capacity=capacity, max_batch=max_batch, gather_ns=gather_ns
    )


def load_batched_recipe(
    folder: Path, capacity: int = CAPACITY, load: GraphLoader = load_onnx
) -> BatchedRecipeEngine:
    """Load a model for many sessions, and run it in every size.

    Raises:
        EngineError: a file is missing, damaged, or not a model of this kind, or the back-end
            cannot run it.
    """
    engine = share_runs(load_recipe(folder, load), SystemClock(), capacity)
    engine.warm_up()
    return engine
