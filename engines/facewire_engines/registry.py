"""Engines by the names that the command line knows.

`NAME@BACKEND` is the engine on a back-end, such as `phones-batched@tensorrt:fp16`. `NAME:FOLDER`
is the engine with the model in a folder, such as `hubert:models/hubert`.
"""

from collections.abc import Callable
from pathlib import Path

from facewire.errors import ConfigError
from facewire.stream.engine import Engine
from facewire_engines.backends.automatic import FEW, Maker, choose
from facewire_engines.backends.choice import AUTO, Backend, graph_loader, parse_backend
from facewire_engines.backends.graph import GraphLoader
from facewire_engines.energy.engine import EnergyEngine
from facewire_engines.hubert.engine import load_hubert
from facewire_engines.phones.batched import CAPACITY, load_batched
from facewire_engines.phones.engine import load_embedded

SINGLE: dict[str, Maker] = {"phones": load_embedded}
"""Models, each of whose sessions runs on its own, by the name of the engine."""

BATCHED: dict[str, Callable[[int, GraphLoader], Engine]] = {"phones": load_batched}
"""Their forms for so many sessions at once, also called `NAME-batched`."""

FROM_FOLDER: dict[str, Callable[[Path, GraphLoader], Engine]] = {"hubert": load_hubert}
"""Models that do not come with Facewire: the name of such an engine ends in `:FOLDER`."""

PLAIN: dict[str, Callable[[], Engine]] = {"energy": EnergyEngine}
"""Engines without graphs."""

BATCH_FROM = 16
"""Sessions from which on the batched form needs less of a processor: see docs/engines.md."""

ENGINES = (*SINGLE, *(f"{name}-batched" for name in BATCHED), *FROM_FOLDER, *PLAIN)
"""Every name."""


def load(
    name: str,
    sessions: int = 1,
    backend: str = "onnx",
    tell: Callable[[str], None] = lambda line: None,
) -> Engine:
    """Load an engine, in the form that suits the number of its sessions.

    Args:
        name: of `ENGINES`; what follows an `@` is its back-end.
        sessions: how many will be open at once.
        backend: what runs it, as `--backend` names it, or `auto`.
        tell: gets the line that explains what `auto` chose.

    Raises:
        ConfigError: no engine or back-end has that name, or they do not go together.
        EngineError: its model is missing or damaged, or the back-end cannot run it.
    """
    name, own = _apart(name)
    backend = own or backend
    if name in PLAIN and own:
        raise ConfigError(f"the engine {name} has no model that a back-end could run")
    chosen = None if backend == AUTO else parse_backend(backend)
    make = maker(name, sessions, chosen)
    if make is None:
        return PLAIN[name]()
    if chosen is None:
        # What comes from a folder is large: there a GPU pays from the first stream.
        large = name.partition(":")[0] in FROM_FOLDER
        engine, line = choose(make, max(sessions, FEW) if large else sessions)
        tell(line)
        return engine
    return make(graph_loader(chosen))


def _apart(name: str) -> tuple[str, str]:
    """Return the engine and its own back-end, if it names one; a folder may have an `@` in it."""
    engine, at, backend = name.rpartition("@")
    return (engine, backend) if at and not {"/", "\\"} & set(backend) else (name, "")


def maker(name: str, sessions: int, backend: Backend | None) -> Maker | None:
    """Return what loads an engine on a back-end, or None if it has no graphs.

    Args:
        name: of `ENGINES`.
        sessions: how many will be open at once.
        backend: the one that is meant, if that is known.

    Raises:
        ConfigError: there is no such engine, or it cannot run in 8 bits.
    """
    kind, _, folder = name.partition(":")
    if kind in FROM_FOLDER:
        return lambda graphs: FROM_FOLDER[kind](_model_folder(kind, folder), graphs)
    model = name.removesuffix("-batched")
    if name not in ENGINES:
        raise ConfigError(f"there is no engine {name!r}; choose one of {', '.join(ENGINES)}")
    if name in PLAIN:
        return None
    if name == model and (sessions < BATCH_FROM or model not in BATCHED):
        return SINGLE[name]
    if backend and backend.precision == "int8":
        raise ConfigError(
            "in 8 bits, streams that share runs would change each other; choose another precision, "
            "or fewer sessions"
        )
    # A session whose client is gone may hold its place a little longer.
    capacity = 2 * sessions if sessions >= BATCH_FROM else CAPACITY
    return lambda graphs: BATCHED[model](capacity, graphs)


def _model_folder(name: str, folder: str) -> Path:
    """Return the folder that an engine's model is in.

    Raises:
        ConfigError: none was named, or there is no model in it.
    """
    if not folder:
        raise ConfigError(
            f"the engine {name} needs a model: write {name}:FOLDER (docs/{name}.md says how to "
            "make one)"
        )
    if not (Path(folder) / "manifest.json").is_file():
        raise ConfigError(
            f"there is no model in {folder}; docs/{name}.md says how to make one for {name}"
        )
    return Path(folder)
