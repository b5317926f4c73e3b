"""Engines by the names that the command line knows."""

from collections.abc import Callable

from facewire.engine import Engine
from facewire.errors import ConfigError
from facewire_engines.energy import EnergyEngine
from facewire_engines.phones import load_embedded

ENGINES: dict[str, Callable[[], Engine]] = {
    "phones": load_embedded,
    "energy": EnergyEngine,
}


def load(name: str) -> Engine:
    """Load an engine.

    Raises:
        ConfigError: no engine has that name.
        EngineError: its model is missing or damaged.
    """
    make = ENGINES.get(name)
    if make is None:
        raise ConfigError(f"there is no engine {name!r}; choose one of {', '.join(ENGINES)}")
    return make()
