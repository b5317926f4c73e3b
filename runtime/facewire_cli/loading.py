"""The engine that the settings ask for, and the line that says what runs it."""

from rich.console import Console

from facewire.settings.settings import Settings
from facewire.stream.engine import Engine
from facewire.stream.engines import load_engine


def load_from_settings(settings: Settings, sessions: int = 1) -> Engine:
    """Load the engine of the settings; what `auto` chose is said on standard error.

    Where there is no GPU there is nothing to choose, and nothing is said.

    Args:
        settings: name the engine and its back-end.
        sessions: how many will be open at once.

    Raises:
        ConfigError: no engine or back-end has that name.
        EngineError: its model is missing or damaged, or the back-end cannot run it.
    """
    from facewire_engines.backends.cuda_driver import driver_is_there

    stream = settings.stream
    tell = tell_choice if driver_is_there() else lambda line: None
    return load_engine(stream.engine, sessions, stream.backend, tell)


def tell_choice(line: str) -> None:
    """Print what was chosen, in one line."""
    Console(stderr=True).print(line, soft_wrap=True, highlight=False, markup=False)
