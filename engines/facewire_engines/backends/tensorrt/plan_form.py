"""What plans are made of: precisions, the form of a graph, and what their names depend on."""

from facewire.errors import ConfigError
from facewire_engines.backends.graph import GraphFile
from facewire_engines.backends.onnx_surgery import HALF, in_half, in_rows, one_hop, parse
from facewire_engines.backends.tensorrt.libraries import Library
from facewire_engines.backends.tensorrt.plans import PlanKey

PRECISIONS = ("fp32", *HALF)
MAX_BATCH = 64

FORM = "rows-2"
"""Counts up when `plan_form` rewrites graphs in another way, or they are built in another."""


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
    file: GraphFile,
    precision: str,
    targets: tuple[str, ...],
    library: Library,
    max_batch: int = MAX_BATCH,
) -> PlanKey:
    """Return what a plan of a graph depends on."""
    return PlanKey(
        model=file.model,
        graph=file.name,
        graph_sha256=file.sha256,
        precision=precision,
        targets=targets,
        max_batch=max_batch,
        library=library.name,
        library_version=library.version,
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
