"""A model's graphs as plans in the cache: what is there and right is kept, the rest is built."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from facewire.errors import ConfigError
from facewire_engines.backends.graph import BATCH, GraphFile
from facewire_engines.backends.onnx_surgery import HALF, STREAMS, in_half, in_rows, one_hop, parse
from facewire_engines.backends.tensorrt.builder import (
    Progress,
    build_plan,
    default_targets,
    library_name,
    library_version,
)
from facewire_engines.backends.tensorrt.plans import PlanKey, PlanState, plan_state, write_plan
from facewire_engines.model_files import EMBEDDED_MODELS, read_graph, read_manifest
from facewire_engines.phones.geometry import HOP

PRECISIONS = ("fp32", *HALF)
MAX_BATCH = 64
MOST_STREAMS = 4097
"""Rows of the tables of pasts: 4096 streams, and nobody's."""

FORM = "rows-1"
"""Counts up when `plan_form` rewrites graphs in another way."""


@dataclass(frozen=True, slots=True)
class PlanResult:
    """One graph's plan after `build_plans`."""

    graph: str
    path: Path
    before: PlanState
    """What was found; READY if nothing had to be built."""
    size: int
    """Bytes of the plan."""


def model_folder(model: str) -> Path:
    """Return the folder of a model: a path, or the name of one that comes with Facewire.

    Raises:
        ConfigError: there is no such model.
    """
    for folder in (Path(model), EMBEDDED_MODELS / model):
        if (folder / "manifest.json").is_file():
            return folder
    raise ConfigError(f"there is no model {model!r}; give a model's folder, or phones")


def build_plans(
    model: str,
    cache: Path,
    *,
    precision: str = "fp32",
    targets: Sequence[str] = (),
    max_batch: int = MAX_BATCH,
    rebuild: bool = False,
    progress: Callable[[str], Progress] = lambda graph: lambda done, total: None,
) -> list[PlanResult]:
    """Have a plan of every graph of a model in the cache.

    Args:
        model: a name or a folder.
        cache: folder of plans.
        precision: what products are computed in, of `PRECISIONS`.
        targets: processors such as `sm_89`; `default_targets()` if empty.
        max_batch: most rows of a run.
        rebuild: build even what is there.
        progress: gets the name of a graph, and returns who is told about its build.

    Raises:
        ConfigError: no such model, precision or target, no TensorRT or onnx, or the cache cannot
            be written.
        EngineError: a file of the model is missing or damaged, or TensorRT cannot compile it.
    """
    check_precision(precision)
    folder = model_folder(model)
    manifest = read_manifest(folder)
    chosen = tuple(sorted(set(targets or default_targets()), key=lambda name: (len(name), name)))
    lengths = {BATCH: (1, max_batch), "samples": (HOP, HOP), STREAMS: (1, MOST_STREAMS)}
    results = []
    for graph in sorted(manifest.files, reverse=True):
        file = read_graph(folder, manifest, graph)
        key = plan_key(file, precision, chosen, max_batch)
        before = plan_state(cache, key)
        path = cache / f"{key.stem}.plan"
        if rebuild or before is not PlanState.READY:
            content = plan_form(file, precision)
            plan = build_plan(content, graph, chosen, lengths, progress(graph))
            path = write_plan(cache, key, plan)
        results.append(PlanResult(graph, path, before, path.stat().st_size))
    return results


def check_precision(precision: str) -> None:
    """Refuse a precision that plans are not built in.

    Raises:
        ConfigError: it is one.
    """
    if precision == "int8":
        raise ConfigError(
            "TensorRT takes 8 bits only with ranges that were measured beforehand, which the model "
            "has not; choose fp16, or bf16"
        )
    if precision not in PRECISIONS:
        raise ConfigError(f"there is no precision {precision!r}; choose {', '.join(PRECISIONS)}")


def plan_key(
    file: GraphFile, precision: str, targets: tuple[str, ...], max_batch: int = MAX_BATCH
) -> PlanKey:
    """Return what a plan of a graph depends on, with the TensorRT that is installed.

    Raises:
        ConfigError: none is.
    """
    return PlanKey(
        model=file.model,
        graph=file.name,
        graph_sha256=file.sha256,
        precision=precision,
        targets=targets,
        max_batch=max_batch,
        library=library_name(),
        library_version=library_version(),
        form=FORM,
    )


def plan_form(file: GraphFile, precision: str) -> bytes:
    """Return a graph as plans are made of it: one hop at a time, in a precision, in row form.

    Raises:
        ConfigError: onnx is not installed.
        EngineError: the file is damaged, or has a layer that cannot be taken apart.
    """
    model = parse(file.content, file.name)
    one_hop(model)
    if precision != "fp32":
        in_half(model, precision)
    in_rows(model)
    content: bytes = model.SerializeToString()
    return content


def in_precision(file: GraphFile, precision: str) -> GraphFile:
    """Return a graph in a precision, for other back-ends: what a plan of it would compute.

    Raises:
        ConfigError: onnx is not installed.
        EngineError: the file is damaged, or has a layer that cannot be taken apart.
    """
    if precision == "fp32":
        return file
    model = parse(file.content, file.name)
    one_hop(model)
    in_half(model, precision)
    return GraphFile(file.model, file.name, model.SerializeToString(), file.sha256)
