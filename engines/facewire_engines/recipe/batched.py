"""A pair of encoder and decoder for many streams at once."""

from pathlib import Path

from facewire.clock import Clock, SystemClock
from facewire_engines.backends.graph import GraphLoader
from facewire_engines.backends.onnx_graph import load_onnx
from facewire_engines.hearing.batched_engine import CAPACITY, BatchedEngine
from facewire_engines.hearing.batching import GATHER_NS, MAX_BATCH
from facewire_engines.recipe.engine import RecipeEngine, load_recipe
from facewire_engines.recipe.rows import RecipeRows

BatchedRecipeEngine = BatchedEngine[RecipeEngine, RecipeRows]


def share_runs(
    engine: RecipeEngine,
    clock: Clock,
    capacity: int = CAPACITY,
    max_batch: int = MAX_BATCH,
    gather_ns: int = GATHER_NS,
) -> BatchedRecipeEngine:
    """Return an engine of the same model whose sessions share runs; see `BatchedEngine`."""
    rows = RecipeRows(engine.model, capacity)
    return BatchedEngine(
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
