"""Engines by name: `NAME`, `NAME:ARGUMENT`, and either of them with `@BACKEND`."""

from collections.abc import Callable

from facewire.plugins import find_plugin
from facewire.stream.engine import Engine, EngineRequest


def load_engine(
    name: str,
    sessions: int = 1,
    backend: str = "onnx",
    tell: Callable[[str], None] = lambda line: None,
) -> Engine:
    """Load an engine by the name that `--engine` knows, for so many sessions at once.

    Args:
        name: of the engine, such as `hubert:FOLDER`; what follows an `@` is its back-end.
        sessions: how many will be open at once.
        backend: as `--backend` names it, or `auto`.
        tell: gets the line that explains what `auto` chose.

    Raises:
        ConfigError: no engine or back-end has that name, or the engine's package does not load.
        EngineError: its model is missing or damaged, or the back-end cannot run it.
    """
    text, own = _apart(name)
    kind, _, argument = text.partition(":")
    plugin = find_plugin("engine", kind)
    request = EngineRequest(
        plugin.name, argument, sessions, own or backend, named_backend=bool(own), tell=tell
    )
    engine: Engine = plugin.make(request, Engine)
    return engine


def _apart(name: str) -> tuple[str, str]:
    """Return the engine and its own back-end, if it names one; a folder may have an `@` in it."""
    engine, at, backend = name.rpartition("@")
    return (engine, backend) if at and not {"/", "\\"} & set(backend) else (name, "")
