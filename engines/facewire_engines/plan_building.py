"""A model's graphs as plans in the cache: what is there and right is kept, the rest is built."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from facewire.errors import ConfigError
from facewire_engines.model_files import read_manifest, read_verified
from facewire_engines.phones import HOP
from facewire_engines.plans import PlanKey, PlanState, plan_state, write_plan
from facewire_engines.tensorrt_builder import (
    LIBRARY,
    Progress,
    build_plan,
    default_targets,
    library_version,
)

PRECISION = "fp32"
MAX_BATCH = 64

GRAPHS = ("encoder.onnx", "decoder.onnx")


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
    for folder in (Path(model), Path(__file__).parent / "models" / model):
        if (folder / "manifest.json").is_file():
            return folder
    raise ConfigError(f"there is no model {model!r}; give a model's folder, or phones")


def build_plans(
    model: str,
    cache: Path,
    *,
    targets: Sequence[str] = (),
    max_batch: int = MAX_BATCH,
    rebuild: bool = False,
    progress: Callable[[str], Progress] = lambda graph: lambda done, total: None,
) -> list[PlanResult]:
    """Have a plan of every graph of a model in the cache.

    Args:
        model: a name or a folder.
        cache: folder of plans.
        targets: processors such as `sm_89`; `default_targets()` if empty.
        max_batch: most rows of a run.
        rebuild: build even what is there.
        progress: gets the name of a graph, and returns who is told about its build.

    Raises:
        ConfigError: no such model or target, no TensorRT, or the cache cannot be written.
        EngineError: a file of the model is missing or damaged, or TensorRT cannot compile it.
    """
    folder = model_folder(model)
    manifest = read_manifest(folder)
    chosen = tuple(sorted(set(targets or default_targets()), key=lambda name: (len(name), name)))
    lengths = {"batch": (1, max_batch), "samples": (HOP, HOP)}
    results = []
    for graph in GRAPHS:
        content = read_verified(folder, manifest, graph)
        key = PlanKey(
            model=manifest.name,
            graph=graph,
            graph_sha256=manifest.files[graph].sha256,
            precision=PRECISION,
            targets=chosen,
            max_batch=max_batch,
            library=LIBRARY,
            library_version=library_version(),
        )
        before = plan_state(cache, key)
        path = cache / f"{key.stem}.plan"
        if rebuild or before is not PlanState.READY:
            plan = build_plan(content, graph, chosen, lengths, progress(graph))
            path = write_plan(cache, key, plan)
        results.append(PlanResult(graph, path, before, path.stat().st_size))
    return results
