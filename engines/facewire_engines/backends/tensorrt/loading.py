"""A graph's plan from the cache, if there is one for the GPU at hand, on that GPU."""

from pathlib import Path

from facewire.errors import EngineError
from facewire_engines.backends.cuda_driver import find_gpu
from facewire_engines.backends.graph import GraphFile
from facewire_engines.backends.onnx_graph import OnnxGraph
from facewire_engines.backends.tensorrt.graph import TensorrtGraph
from facewire_engines.backends.tensorrt.libraries import choose_library
from facewire_engines.backends.tensorrt.loaded_plan import LoadedPlan
from facewire_engines.backends.tensorrt.plan_form import plan_key
from facewire_engines.backends.tensorrt.plans import find_plan


def load_plan(file: GraphFile, precision: str, cache: Path) -> TensorrtGraph:
    """Load the plan of a graph.

    Args:
        file: the graph.
        precision: what its products are computed in.
        cache: folder of plans.

    Raises:
        ConfigError: no library that is installed makes plans for the GPU.
        EngineError: there is no GPU, no plan for it, or the plan cannot be loaded.
    """
    gpu = find_gpu()
    library = choose_library(gpu)
    wanted = plan_key(file, precision, (gpu.target,), library)
    found = find_plan(cache, wanted, gpu.target)
    if found is None:
        raise EngineError(
            f"there is no plan of {file.name} for {gpu.name} in {precision} that is whole and made "
            f"by {library}; make one with: facewire engine build --target {gpu.target} "
            f"--precision {precision}"
        )
    backend = "tensorrt" if precision == "fp32" else f"tensorrt:{precision}"
    spec = OnnxGraph(file.content).spec
    return TensorrtGraph(LoadedPlan(spec, found[0].read_bytes(), library), backend=backend)
