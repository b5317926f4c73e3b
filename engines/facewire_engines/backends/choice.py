"""Back-ends by the names that `--backend` knows: `onnx`, `tensorrt:fp16` and so on."""

from dataclasses import dataclass
from pathlib import Path

from facewire.errors import ConfigError, EngineError
from facewire_engines.backends.graph import Graph, GraphFile, GraphLoader
from facewire_engines.backends.onnx_graph import (
    CUDA,
    OnnxGraph,
    load_onnx,
    load_onnx_cuda,
    load_onnxruntime,
)
from facewire_engines.backends.onnx_surgery import HALF

FP32 = "fp32"
PRECISIONS: dict[str, tuple[str, ...]] = {
    "onnx": (FP32, "int8"),
    "onnx-cuda": (FP32,),
    "tensorrt": (FP32, *HALF),
    "torch": (FP32, *HALF),
    "torch-cuda": (FP32, *HALF),
}
"""What each back-end computes in; the first is meant where none is named."""

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Backend:
    """What runs a model's graphs, and in which precision."""

    name: str
    precision: str = FP32

    def __str__(self) -> str:
        return self.name if self.precision == FP32 else f"{self.name}:{self.precision}"


ONNX = Backend("onnx")


def parse_backend(text: str) -> Backend:
    """Read `NAME` or `NAME:PRECISION`.

    Raises:
        ConfigError: there is no such back-end, or it lacks the precision.
    """
    name, _, precision = text.partition(":")
    if name not in PRECISIONS:
        raise ConfigError(
            f"there is no back-end {name!r}; choose {AUTO}, {', '.join(PRECISIONS)}, or one of "
            "them with its precision, such as tensorrt:fp16"
        )
    if precision and precision not in PRECISIONS[name]:
        raise ConfigError(
            f"the back-end {name} does not compute in {precision!r}; choose "
            f"{', '.join(PRECISIONS[name])}"
        )
    return Backend(name, precision or FP32)


def graph_loader(backend: Backend, cache: Path | None = None) -> GraphLoader:
    """Return what compiles graphs for a back-end.

    Args:
        backend: which, and in which precision.
        cache: folder of plans; that of the user if None.
    """
    if backend == ONNX:
        return load_onnx

    def load(file: GraphFile) -> Graph:
        return _load(file, backend, cache)

    return load


def _load(file: GraphFile, backend: Backend, cache: Path | None) -> Graph:
    if backend.name == "onnx":
        from facewire_engines.backends.eight_bits import in_eight_bits

        return OnnxGraph(in_eight_bits(file), backend=str(backend))
    if backend.name == "onnx-cuda":
        return load_onnx_cuda(file)
    if backend.name == "tensorrt":
        from facewire_engines.backends.tensorrt.loading import load_plan
        from facewire_engines.backends.tensorrt.plans import default_cache

        return load_plan(file, backend.precision, cache or default_cache())
    from facewire_engines.backends.tensorrt.plan_form import in_precision
    from facewire_engines.backends.torch.graph import TorchGraph

    device = "cuda" if backend.name == "torch-cuda" else "cpu"
    content = in_precision(file, backend.precision).content
    return TorchGraph(content, device=device, backend=str(backend))


def missing(backend: Backend) -> str | None:
    """Return why a back-end cannot work on this machine, in a few words, or None if it may."""
    if backend.name == "tensorrt":
        from facewire_engines.backends.cuda_driver import find_gpu
        from facewire_engines.backends.tensorrt.libraries import choose_library

        try:
            choose_library(find_gpu())
        except (ConfigError, EngineError) as error:
            return str(error)
    if backend.name == "torch-cuda":
        from facewire_engines.backends.torch.library import torch_cuda_problem

        return torch_cuda_problem()
    if backend.name == "onnx-cuda" and CUDA not in load_onnxruntime().get_available_providers():
        return "onnxruntime-gpu is not installed"
    return None
