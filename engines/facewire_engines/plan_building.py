"""A model's graphs as plans in the cache: what is there and right is kept, the rest is built."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from facewire.errors import ConfigError
from facewire_engines.backends.graph import BATCH
from facewire_engines.backends.onnx_surgery import STREAMS
from facewire_engines.backends.tensorrt.builder import Progress, build_plan
from facewire_engines.backends.tensorrt.libraries import choose_library, gpu_at_hand
from facewire_engines.backends.tensorrt.plan_form import (
    MAX_BATCH,
    check_precision,
    plan_form,
    plan_key,
)
from facewire_engines.backends.tensorrt.plans import PlanKey, PlanState, plan_state, write_plan
from facewire_engines.model_files import EMBEDDED_MODELS, read_graph, read_manifest
from facewire_engines.phones.geometry import HOP

MOST_STREAMS = 4097
"""Rows of the tables of pasts: 4096 streams, and nobody's."""


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
    """Return the folder of a model: a path, that in the name of an engine such as `recipe:FOLDER`,
    or the name of one that comes with Facewire.

    Raises:
        ConfigError: there is no such model.
    """
    for folder in (Path(model), Path(model.partition(":")[2]), EMBEDDED_MODELS / model):
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
    """Have a plan of every graph of a model in the cache: of all that lack one, or of none.

    Args:
        model: a name or a folder.
        cache: folder of plans.
        precision: what products are computed in, of `PRECISIONS`.
        targets: processors such as `sm_89`; all that the library builds for, if empty, or the GPU
            at hand where it builds for no other.
        max_batch: most rows of a run.
        rebuild: build even what is there.
        progress: gets the name of a graph, and returns who is told about its build.

    Raises:
        ConfigError: no such model, precision or target, no library that makes plans for the
            targets, no onnx, or the cache cannot be written.
        EngineError: a file of the model is missing or damaged, or TensorRT cannot compile it.
    """
    check_precision(precision)
    folder = model_folder(model)
    manifest = read_manifest(folder)
    gpu = gpu_at_hand()
    library = choose_library(gpu, targets)
    all_targets = targets or library.known_targets() or ([gpu.target] if gpu else [])
    chosen = tuple(sorted(set(all_targets), key=lambda name: (len(name), name)))
    lengths = {BATCH: (1, max_batch), "samples": (HOP, HOP), STREAMS: (1, MOST_STREAMS)}
    found: list[tuple[str, PlanKey, PlanState, bytes | None]] = []
    for graph in sorted(manifest.files, reverse=True):
        file = read_graph(folder, manifest, graph)
        key = plan_key(file, precision, chosen, library, max_batch)
        before, plan = plan_state(cache, key), None
        if rebuild or before is not PlanState.READY:
            content = plan_form(file, precision)
            plan = build_plan(library, content, graph, chosen, lengths, progress(graph))
        found.append((graph, key, before, plan))
    results = []
    for graph, key, before, plan in found:
        path = cache / f"{key.stem}.plan" if plan is None else write_plan(cache, key, plan)
        results.append(PlanResult(graph, path, before, path.stat().st_size))
    return results
