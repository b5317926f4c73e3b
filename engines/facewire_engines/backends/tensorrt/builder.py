"""ONNX to plans, with TensorRT for RTX or TensorRT.

Networks are strongly typed: the arithmetic is that of the ONNX file.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from facewire.errors import EngineError
from facewire_engines.backends.tensorrt.libraries import Library

PROGRESS_PHASE = "Building engine"
"""What both call the whole of a build."""

Progress = Callable[[int, int], None]
"""Gets how many of how many steps are done, from any thread."""


def build_plan(
    library: Library,
    content: bytes,
    name: str,
    targets: Sequence[str],
    lengths: Mapping[str, tuple[int, int]],
    progress: Progress = lambda done, total: None,
) -> bytes:
    """Compile an ONNX graph.

    Args:
        library: what compiles it, from `choose_library()` for the same targets.
        content: the ONNX file.
        name: what messages call it.
        targets: processors such as `sm_89`.
        lengths: least and greatest size of each dimension that the graph leaves open, by its name.
        progress: gets told how far it is.

    Raises:
        EngineError: the graph has an operator that TensorRT lacks, or cannot be compiled.
    """
    tensorrt = library.module
    log = new_log(tensorrt)
    builder = tensorrt.Builder(log)
    # TensorRT 11 and TensorRT for RTX know no other networks; TensorRT 10 has to be told.
    typed = 1 << int(tensorrt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    network = builder.create_network(typed)
    parser = tensorrt.OnnxParser(network, log)
    if not parser.parse(content):
        raise EngineError(_why_not(parser, name))
    config = builder.create_builder_config()
    # By default products of fp32 may round their factors to 19 bits, as TF32.
    config.clear_flag(tensorrt.BuilderFlag.TF32)
    if library.known_targets():
        _set_targets(tensorrt, config, targets)
    monitor = _new_monitor(tensorrt, progress)
    config.progress_monitor = monitor
    config.add_optimization_profile(_profile(builder, network, name, lengths))
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        reason = log.errors[-1] if log.errors else "it does not say why"
        raise EngineError(f"TensorRT cannot compile {name}: {reason}")
    return bytes(plan)


def _why_not(parser: Any, name: str) -> str:
    """Return one sentence on why a graph could not be parsed."""
    errors = [parser.get_error(number) for number in range(parser.num_errors)]
    operators = {e.node_operator(): e.node_name() for e in errors if e.node_operator()}
    if not operators:
        reason = errors[0].desc() if errors else "it does not say why"
        return f"TensorRT cannot read {name} as an ONNX model ({reason}); export it again"
    listed = ", ".join(f"{operator} (node {node})" for operator, node in operators.items())
    return (
        f"TensorRT does not support this operator of {name}: {listed}; export the model without "
        "it, or run it with onnxruntime"
    )


def _set_targets(tensorrt: Any, config: Any, targets: Sequence[str]) -> None:
    """Say what a plan of TensorRT for RTX shall run on; TensorRT's are for the GPU at hand."""
    config.num_compute_capabilities = len(targets)
    for index, target in enumerate(targets):
        capability = getattr(tensorrt.ComputeCapability, f"SM{target.removeprefix('sm_')}")
        config.set_compute_capability(capability, index)


def _profile(builder: Any, network: Any, name: str, lengths: Mapping[str, tuple[int, int]]) -> Any:
    """Return the sizes of the dimensions that the graph leaves open."""
    profile = builder.create_optimization_profile()
    for number in range(network.num_inputs):
        tensor = network.get_input(number)
        least, most = list(tensor.shape), list(tensor.shape)
        for axis, size in enumerate(tensor.shape):
            if size >= 0:
                continue
            dimension = tensor.get_dimension_name(axis)
            if dimension not in lengths:
                raise EngineError(
                    f"{name} leaves the dimension {dimension!r} of its input {tensor.name!r} "
                    f"open, but only {', '.join(lengths)} may be; export it again"
                )
            least[axis], most[axis] = lengths[dimension]
        profile.set_shape(tensor.name, least, most, most)
    return profile


def new_log(tensorrt: Any) -> Any:
    """Return a logger that keeps TensorRT's `errors`, newest last."""

    class Log(tensorrt.ILogger):  # type: ignore[misc] # the module may be missing
        """Keeps TensorRT's errors, which it would write to the terminal."""

        def __init__(self) -> None:
            super().__init__()
            self.errors: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if severity in (self.Severity.ERROR, self.Severity.INTERNAL_ERROR):
                self.errors.append(message)

    return Log()


def _new_monitor(tensorrt: Any, progress: Progress) -> Any:
    class Monitor(tensorrt.IProgressMonitor):  # type: ignore[misc] # the module may be missing
        """Passes the steps of the outermost phase on."""

        def __init__(self) -> None:
            super().__init__()
            self.total = 1

        def phase_start(self, phase: str, parent: str | None, steps: int) -> None:
            if phase == PROGRESS_PHASE:
                self.total = steps
                progress(0, steps)

        def step_complete(self, phase: str, step: int) -> bool:
            if phase == PROGRESS_PHASE:
                progress(step + 1, self.total)
            return True

        def phase_finish(self, phase: str) -> None:
            if phase == PROGRESS_PHASE:
                progress(self.total, self.total)

    return Monitor()
