"""The choice of a back-end where none is asked for, and the line that explains it."""

from collections.abc import Callable, Iterator
from pathlib import Path

from facewire.errors import EngineError, FacewireError
from facewire.stream.engine import Engine
from facewire_engines.backends.choice import PRECISIONS, Backend, graph_loader, missing
from facewire_engines.backends.cuda_driver import driver_is_there, find_gpu
from facewire_engines.backends.golden import golden_speech
from facewire_engines.backends.graph import Graph, GraphFile, GraphLoader
from facewire_engines.backends.onnx_graph import load_onnx
from facewire_engines.backends.parity import TOLERANCES, compare_golden
from facewire_engines.backends.tensorrt.libraries import choose_library
from facewire_engines.backends.tensorrt.plans import default_cache
from facewire_engines.backends.verdicts import Verdict, read_verdict, write_verdict

Maker = Callable[[GraphLoader], Engine]
"""Loads an engine on a back-end."""

FEW = 16
"""Fewer sessions than these need less of one core than a GPU's copies do."""


def choose(make: Maker, sessions: int, cache: Path | None = None) -> tuple[Engine, str]:
    """Load an engine on the back-end that suits it here; whatever fails is passed over.

    Args:
        make: loads the engine.
        sessions: how many it has to hold.
        cache: folder of plans; that of the user if None.

    Returns:
        The engine, and one line on what was chosen and why.

    Raises:
        EngineError: the model is missing or damaged.
    """
    if sessions < FEW:
        return make(load_onnx), "back-end onnx: so few streams need little of one core"
    if not driver_is_there():
        return make(load_onnx), "back-end onnx, on the processor: there is no NVIDIA driver here"
    problems: list[str] = []
    for backend in _candidates(problems):
        try:
            engine = _load(make, backend, cache or default_cache())
        except FacewireError as error:
            problems.append(_because(backend, str(error)))
        else:
            passed = f" ({'; '.join(problems)})" if problems else ""
            return engine, f"back-end {backend}, on {_gpu_name()}{_compiler(backend)}{passed}"
    return make(load_onnx), f"back-end onnx, on the processor: {'; '.join(problems)}"


def _gpu_name() -> str:
    """Return what the GPU at hand is called, as far as that is known."""
    try:
        return find_gpu().name
    except EngineError:
        return "the GPU"


def _compiler(backend: Backend) -> str:
    """Return what runs the plans, where plans are run."""
    return f", by {choose_library(find_gpu())}" if backend.name == "tensorrt" else ""


def _candidates(problems: list[str]) -> Iterator[Backend]:
    """Yield what may work on a GPU here, best first, and note why the rest cannot."""
    for name in ("tensorrt", "torch-cuda", "onnx-cuda"):
        problem = missing(Backend(name))
        if problem:
            problems.append(_because(Backend(name), problem))
            continue
        precisions = PRECISIONS[name] if name == "tensorrt" else PRECISIONS[name][:1]
        yield from (Backend(name, precision) for precision in precisions)


def _because(backend: Backend, problem: str) -> str:
    """Say why a back-end is not used; what could be done about it is left out."""
    return f"not {backend}: {problem.split(';')[0]}"


def _load(make: Maker, backend: Backend, cache: Path) -> Engine:
    """Load an engine, and see to it that it says what the model says.

    What was found out about plans is kept beside them. Every other back-end is compared whenever it
    is loaded: an update of its libraries or of a driver may change what it computes.

    Raises:
        FacewireError: it does not load, or its weights are too far from the model's.
    """
    files: list[GraphFile] = []
    inner = graph_loader(backend, cache)

    def load(file: GraphFile) -> Graph:
        files.append(file)
        return inner(file)

    engine = make(load)
    if backend.name != "tensorrt":
        _check(judge(make(load_onnx), engine, backend))
        return engine
    gpu = find_gpu()
    verdict = read_verdict(cache, files, backend.precision, gpu)
    if verdict is None:
        verdict = judge(make(load_onnx), engine, backend)
        write_verdict(cache, files, backend.precision, gpu, verdict)
    _check(verdict)
    return engine


def _check(verdict: Verdict) -> None:
    """Refuse what did not pass.

    Raises:
        EngineError: it is too far from the model.
    """
    if not verdict.accepted:
        raise EngineError(
            f"its weights are {verdict.largest:.1e} from the model's, and {verdict.tolerance:g} "
            "is allowed"
        )


def judge(reference: Engine, engine: Engine, backend: Backend) -> Verdict:
    """Compare an engine with the model over the golden streams.

    Raises:
        EngineError: they are not the same model.
    """
    tolerance = TOLERANCES[backend.precision]
    try:
        parity = compare_golden(reference, engine, golden_speech(), tolerance)
    except ValueError as error:
        raise EngineError(f"it is not the same model: {error}") from error
    return Verdict(parity.largest, tolerance)
