"""The engine that the settings ask for, and the line that says what runs it."""

from importlib import import_module

from rich.console import Console

from facewire.plugins import load_engine
from facewire.settings.settings import Settings
from facewire.stream.engine import Engine


def load_wanted(settings: Settings, sessions: int = 1) -> Engine:
    """Load the engine of the settings; what `auto` chose is said on standard error.

    Where there is no GPU there is nothing to choose, and nothing is said.

    Args:
        settings: name the engine and its back-end.
        sessions: how many will be open at once.

    Raises:
        ConfigError: no engine or back-end has that name.
        EngineError: its model is missing or damaged, or the back-end cannot run it.
    """
    stream = settings.stream
    there_is_a_choice = import_module("facewire_engines.backends.cuda_driver").driver_is_there()
    tell = tell_choice if there_is_a_choice else lambda line: None
    return load_engine(stream.engine, sessions, stream.backend, tell)


def tell_choice(line: str) -> None:
    """Print what was chosen, in one line."""
    Console(stderr=True).print(line, soft_wrap=True, highlight=False, markup=False)
