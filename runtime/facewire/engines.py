"""Looks engines up by name, when a command needs one: the runtime imports none of them."""

from importlib import import_module

from facewire.engine import Engine
from facewire.errors import EngineError


def load_engine(name: str, sessions: int = 1) -> Engine:
    """Load an engine by the name that `--engine` knows, for so many sessions at once.

    Raises:
        ConfigError: no engine has that name.
        EngineError: its model is missing or damaged, or its library is not installed.
    """
    try:
        registry = import_module("facewire_engines.registry")
    except ImportError as error:
        raise EngineError(
            f"the engines cannot be loaded ({error}); install Facewire again"
        ) from error
    engine: Engine = registry.load(name, sessions)
    return engine
