"""ONNX to TensorRT plans; TensorRT for RTX needs no GPU for it.

Networks are strongly typed: the arithmetic is that of the ONNX file.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from facewire.errors import ConfigError, EngineError
from facewire.optional_dependency import install_command
from facewire_engines.backends.cuda_driver import find_gpu

LIBRARIES = ("tensorrt_rtx", "tensorrt")
"""Modules with the same API; the first that loads is used."""
PROGRESS_PHASE = "Building engine"
"""What TensorRT calls the whole of a build."""

WITHOUT_FP32 = ("sm_75",)

Progress = Callable[[int, int], None]
"""Gets how many of how many steps are done, from any thread."""


def load_tensorrt() -> Any:
    """Return TensorRT's module: TensorRT for RTX, or else TensorRT.

    Raises:
        ConfigError: neither is installed, or neither loads here.
    """
    problems = []
    for name in LIBRARIES:
        try:
            return import_module(name)
        except Exception as error:  # its libraries may be missing, or those of another system
            problems.append((str(error) or type(error).__name__).splitlines()[0])
    raise ConfigError(
        f"TensorRT does not load ({'; '.join(problems)}); install it with: "
        + install_command("tensorrt")
    )


def library_name() -> str:
    """Return the name of TensorRT's module.

    Raises:
        ConfigError: it is not installed, or does not load here.
    """
    return str(load_tensorrt().__name__)


def library_version() -> str:
    """Return TensorRT's version.

    Raises:
        ConfigError: it is not installed, or does not load here.
    """
    return str(load_tensorrt().__version__)


def known_targets() -> tuple[str, ...]:
    """Return the processors that plans can be built for anywhere, such as `sm_89`, oldest first.

    TensorRT, other than TensorRT for RTX, knows none: it builds for the GPU at hand.

    Raises:
        ConfigError: TensorRT is not installed.
    """
    capabilities = getattr(load_tensorrt(), "ComputeCapability", None)
    known = capabilities.__members__ if capabilities else ()
    numbers = sorted(int(name[2:]) for name in known if name.startswith("SM"))
    return tuple(f"sm_{number}" for number in numbers)


def default_targets() -> tuple[str, ...]:
    """Return the known targets that compute in fp32, which `sm_75` does not in this library.

    Where none is known, it is the GPU at hand.

    Raises:
        ConfigError: TensorRT is not installed.
        EngineError: there is no GPU, and TensorRT cannot build for others.
    """
    known = known_targets()
    if not known:
        return (find_gpu().target,)
    return tuple(target for target in known if target not in WITHOUT_FP32)


def build_plan(
    content: bytes,
    name: str,
    targets: Sequence[str],
    lengths: Mapping[str, tuple[int, int]],
    progress: Progress = lambda done, total: None,
) -> bytes:
    """Compile an ONNX graph.

    Args:
        content: the ONNX file.
        name: what messages call it.
        targets: processors, from `known_targets()`.
        lengths: least and greatest size of each dimension that the graph leaves open, by its name.
        progress: gets told how far it is.

    Raises:
        ConfigError: TensorRT is not installed, or does not know a target.
        EngineError: the graph has an operator that TensorRT lacks, or cannot be compiled.
    """
    tensorrt = load_tensorrt()
    log = new_log(tensorrt)
    builder = tensorrt.Builder(log)
    typed = 1 << int(tensorrt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    network = builder.create_network(typed)
    parser = tensorrt.OnnxParser(network, log)
    if not parser.parse(content):
        raise EngineError(_why_not(parser, name))
    config = builder.create_builder_config()
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
    """Say what a plan shall run on: known processors, or the one GPU at hand.

    Raises:
        ConfigError: neither is what is wanted.
    """
    known = known_targets()
    unknown = [target for target in targets if target not in known]
    if unknown and not _is_here(targets):
        others = f"choose among {', '.join(known)}" if known else "it builds for the GPU at hand"
        raise ConfigError(
            f"TensorRT {tensorrt.__version__} cannot build for {unknown[0]!r}; {others}"
        )
    if not known:
        return
    capabilities = tensorrt.ComputeCapability
    config.num_compute_capabilities = len(targets)
    for index, target in enumerate(targets):
        number = target.removeprefix("sm_")
        wanted = capabilities.CURRENT if unknown else getattr(capabilities, f"SM{number}")
        config.set_compute_capability(wanted, index)


def _is_here(targets: Sequence[str]) -> bool:
    try:
        return list(targets) == [find_gpu().target]
    except EngineError:
        return False


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
