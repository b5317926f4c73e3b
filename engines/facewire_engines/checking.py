"""`facewire engine check`: two engines beside each other, and what that says about plans."""

from pathlib import Path

from facewire.errors import EngineError
from facewire.frames import Samples
from facewire.stream.engine import Engine
from facewire.stream.engines import load_engine
from facewire_engines.backends.choice import AUTO, ONNX, Backend, graph_loader, parse_backend
from facewire_engines.backends.cuda_driver import find_gpu
from facewire_engines.backends.golden import golden_speech
from facewire_engines.backends.graph import Graph, GraphFile
from facewire_engines.backends.parity import TOLERANCES, Parity, compare_engines, compare_golden
from facewire_engines.backends.tensorrt.plans import default_cache
from facewire_engines.backends.verdicts import Verdict, write_verdict
from facewire_engines.own_engines import has_graphs, maker


def check_engines(
    reference: str,
    other: str,
    speech: Samples | None = None,
    *,
    force: bool = False,
    cache: Path | None = None,
) -> Parity:
    """Run the same audio through two engines; what is found out about plans is kept.

    Args:
        reference: the engine that is right, as `NAME@BACKEND`; what is found out is kept only
            where this is the model itself, in onnxruntime.
        other: the one that is compared with it; its precision says how far off it may be.
        speech: `[T]` at 16 kHz; the golden streams if None.
        force: let plans be used though they failed.
        cache: folder of plans; that of the user if None.

    Raises:
        ConfigError: there is no such engine or back-end.
        EngineError: one cannot be loaded, or they are not the same model.
    """
    backend = backend_of(other)
    tolerance = TOLERANCES[backend.precision]
    files: list[GraphFile] = []
    engines = load_engine(reference), _load(other, backend, files, cache)
    try:
        if speech is None:
            parity = compare_golden(*engines, golden_speech(), tolerance)
        else:
            parity = compare_engines(*engines, speech, tolerance)
    except ValueError as error:
        raise EngineError(f"{reference} and {other} are not the same model: {error}") from error
    if speech is None and judges(backend_of(reference), backend):
        verdict = Verdict(parity.largest, tolerance, force)
        write_verdict(cache or default_cache(), files, backend.precision, find_gpu(), verdict)
    return parity


def judges(reference: Backend, other: Backend) -> bool:
    """Tell whether a comparison says something about plans: they are held against the model.

    A plan beside itself, or beside another plan, would always pass.
    """
    return reference == ONNX and other.name == "tensorrt"


def backend_of(name: str) -> Backend:
    """Return the back-end in the name of an engine; `onnx` where none is named.

    Raises:
        ConfigError: there is no such back-end.
    """
    own = name.partition("@")[2]
    return parse_backend(own) if own not in ("", AUTO) else ONNX


def _load(name: str, backend: Backend, files: list[GraphFile], cache: Path | None) -> Engine:
    """Load an engine, and note which graphs it is made of."""
    kind, _, argument = name.partition("@")[0].partition(":")
    if not has_graphs(kind) or name.endswith(f"@{AUTO}"):
        return load_engine(name)
    make = maker(kind, argument, 1, backend)
    inner = graph_loader(backend, cache)

    def noting(file: GraphFile) -> Graph:
        files.append(file)
        return inner(file)

    return make(noting)
