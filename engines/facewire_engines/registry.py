"""Engines by the names that the command line knows."""

from collections.abc import Callable

from facewire.engine import Engine
from facewire.errors import ConfigError
from facewire_engines.batched_phones import load_batched
from facewire_engines.energy import EnergyEngine
from facewire_engines.phones import load_embedded

ENGINES: dict[str, Callable[[], Engine]] = {
    "phones": load_embedded,
    "phones-batched": load_batched,
    "energy": EnergyEngine,
}


BATCHED: dict[str, Callable[[int], Engine]] = {"phones": load_batched}
"""Engines that have a form for many sessions at once, whose number is the argument."""

BATCH_FROM = 16
"""Sessions from which on that form needs less of a processor: see docs/engines.md."""


def load(name: str, sessions: int = 1) -> Engine:
    """Load an engine, in the form that suits the number of its sessions.

    Raises:
        ConfigError: no engine has that name.
        EngineError: its model is missing or damaged.
    """
    if sessions >= BATCH_FROM and name in BATCHED:
        # A session whose client is gone may hold its place a little longer.
        return BATCHED[name](2 * sessions)
    make = ENGINES.get(name)
    if make is None:
        raise ConfigError(f"there is no engine {name!r}; choose one of {', '.join(ENGINES)}")
    return make()
