"""Facewire's own engines, as its entry points name them.

`NAME@BACKEND` is the engine on a back-end, such as `phones-batched@tensorrt:fp16`. `NAME:FOLDER`
is the engine with the model in a folder, such as `hubert:models/hubert`.
"""

from collections.abc import Callable
from pathlib import Path

from facewire.errors import ConfigError
from facewire.stream.engine import Engine, EngineRequest
from facewire_engines.backends.automatic import FEW, Maker, choose
from facewire_engines.backends.choice import AUTO, Backend, graph_loader, parse_backend
from facewire_engines.backends.graph import GraphLoader
from facewire_engines.energy.engine import EnergyEngine
from facewire_engines.hearing.batched_engine import CAPACITY
from facewire_engines.hubert.engine import load_hubert
from facewire_engines.phones.batched import load_batched
from facewire_engines.phones.engine import load_embedded
from facewire_engines.recipe.batched import load_batched_recipe
from facewire_engines.recipe.engine import load_recipe

SINGLE: dict[str, Maker] = {"phones": load_embedded}
"""Models, each of whose sessions runs on its own, by the name of the engine."""

BATCHED: dict[str, Callable[[int, GraphLoader], Engine]] = {"phones": load_batched}
"""Their forms for so many sessions at once, also called `NAME-batched`."""

FROM_FOLDER: dict[str, Callable[[Path, GraphLoader], Engine]] = {
    "hubert": load_hubert,
    "recipe": load_recipe,
}
"""Models that do not come with Facewire: the name of such an engine ends in `:FOLDER`."""

BATCHED_FROM_FOLDER: dict[str, Callable[[Path, int, GraphLoader], Engine]] = {
    "recipe": load_batched_recipe,
}
"""The forms of some of these for so many sessions at once, also called `NAME-batched`."""

BATCH_FROM = 16
"""Sessions from which on the batched form needs less of a processor: see docs/engines.md."""


def load_energy(request: EngineRequest) -> Engine:
    """Load the engine without a model.

    Raises:
        ConfigError: the name says more.
    """
    request.refuse_argument()
    request.refuse_backend()
    return EnergyEngine()


def load_model(request: EngineRequest) -> Engine:
    """Load an engine that is made of graphs, in the form that suits the number of its sessions.

    Raises:
        ConfigError: there is no such back-end, it does not go with the engine, or the folder of a
            model is missing.
        EngineError: its model is missing or damaged, or the back-end cannot run it.
    """
    if request.name.removesuffix("-batched") not in FROM_FOLDER:
        request.refuse_argument()
    chosen = None if request.backend == AUTO else parse_backend(request.backend)
    make = maker(request.name, request.argument, request.sessions, chosen)
    if chosen is None:
        # What comes from a folder is large: there a GPU pays from the first stream.
        sessions = request.sessions
        engine, line = choose(make, max(sessions, FEW) if request.argument else sessions)
        request.tell(line)
        return engine
    return make(graph_loader(chosen))


def has_graphs(name: str) -> bool:
    """Tell whether an engine is one of ours that is made of graphs."""
    batched = BATCHED.keys() | BATCHED_FROM_FOLDER.keys()
    alone = SINGLE.keys() | FROM_FOLDER.keys()
    return name in alone or (name.endswith("-batched") and name.removesuffix("-batched") in batched)


def maker(name: str, argument: str, sessions: int, backend: Backend | None) -> Maker:
    """Return what loads an engine that is made of graphs, on any back-end.

    Args:
        name: of the engine.
        argument: the folder of its model, for one that has none here.
        sessions: how many will be open at once.
        backend: the one that is meant, if that is known.

    Raises:
        ConfigError: the model's folder is missing, or the engine cannot run in 8 bits.
    """
    model = name.removesuffix("-batched")
    has_batched = model in BATCHED or model in BATCHED_FROM_FOLDER
    if name == model and (sessions < BATCH_FROM or not has_batched):
        if name in SINGLE:
            return SINGLE[name]
        return lambda graphs: FROM_FOLDER[name](_model_folder(name, argument), graphs)
    if backend and backend.precision == "int8":
        raise ConfigError(
            "in 8 bits, streams that share runs would change each other; choose another precision, "
            "or fewer sessions"
        )
    # A session whose client is gone may hold its place a little longer.
    capacity = 2 * sessions if sessions >= BATCH_FROM else CAPACITY
    if model in BATCHED:
        return lambda graphs: BATCHED[model](capacity, graphs)
    folder = _model_folder(model, argument)
    return lambda graphs: BATCHED_FROM_FOLDER[model](folder, capacity, graphs)


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
