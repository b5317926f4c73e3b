"""Looks engines up by name, when a command needs one: the runtime imports none of them."""

from collections.abc import Callable
from importlib import import_module

from facewire.errors import EngineError
from facewire.stream.engine import Engine


def load_engine(
    name: str,
    sessions: int = 1,
    backend: str = "onnx",
    tell: Callable[[str], None] = lambda line: None,
) -> Engine:
    """Load an engine by the name that `--engine` knows, for so many sessions at once.

    Args:
        name: of the engine; what follows an `@` is its back-end.
        sessions: how many will be open at once.
        backend: as `--backend` names it, or `auto`.
        tell: gets the line that explains what `auto` chose.

    Raises:
        ConfigError: no engine or back-end has that name.
        EngineError: its model is missing or damaged, or its library is not installed.
    """
    try:
        registry = import_module("facewire_engines.registry")
    except ImportError as error:
        raise EngineError(
            f"the engines cannot be loaded ({error}); install Facewire again"
        ) from error
    engine: Engine = registry.load(name, sessions, backend, tell)
    return engine
