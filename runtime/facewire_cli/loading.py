"""The engine that the settings ask for, and the line that says what runs it."""

from rich.console import Console

from facewire.settings.settings import Settings
from facewire.speaking.voice import TokenDecoder
from facewire.stream.engine import Engine, styled
from facewire.stream.engines import load_engine


def load_from_settings(settings: Settings, sessions: int = 1) -> Engine:
    """Load the engine of the settings; what `auto` chose is said on standard error.

    Where there is no GPU there is nothing to choose, and nothing is said.

    Args:
        settings: name the engine and its back-end.
        sessions: how many will be open at once.

    Raises:
        ConfigError: no engine or back-end has that name, or the engine has no such style.
        EngineError: its model is missing or damaged, or the back-end cannot run it.
    """
    from facewire_engines.backends.cuda_driver import driver_is_there

    stream = settings.stream
    tell = tell_choice if driver_is_there() else lambda line: None
    engine = load_engine(stream.engine, sessions, stream.backend, tell)
    # Whatever makes faces of it, sessions and tokens alike, moves so.
    return styled(engine).in_style(stream.style) if stream.style else engine


def load_decoders(settings: Settings) -> tuple[TokenDecoder, ...]:
    """Load the decoders of the settings, for tokens that clients push.

    Raises:
        ConfigError: there is no such decoder, or two are for the same tokens.
        EngineError: one is damaged.
    """
    from facewire_engines.token_decoders import open_token_decoders

    return open_token_decoders(settings.server.decoders, settings.stream.backend)


def tell_choice(line: str) -> None:
    """Print what was chosen, in one line."""
    Console(stderr=True).print(line, soft_wrap=True, highlight=False, markup=False)
