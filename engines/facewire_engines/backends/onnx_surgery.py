"""Graphs rewritten for compilers: one hop at a time, in another precision, with rows to choose.

Everything here takes an ONNX model apart with the `onnx` package, and returns another that says
the same about the same input, up to the rounding of its precision.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from facewire.errors import EngineError
from facewire.optional_dependency import import_optional
from facewire_engines.backends.graph import BATCH, NEXT

ROWS = "row_numbers"
"""Input of a graph in row form: which stream each row of a run belongs to, `[batch]`."""
SIZE = "size"
"""Its output of how large each row's pasts are, `[batch]`: finite if they are."""
STREAMS = "streams"
"""Name of the first dimension of its pasts."""

HALF = {"fp16": "FLOAT16", "bf16": "BFLOAT16"}
"""ONNX's names of the types of 16 bits."""
PRODUCTS = ("Conv", "Gemm", "MatMul")
"""Operators that nearly all of the arithmetic is in."""


def load_onnx_package() -> Any:
    """Return the `onnx` package.

    Raises:
        ConfigError: it is not installed.
    """
    return import_optional(
        "onnx", "graphs are rewritten with onnx", command='pip install "onnx>=1.17"'
    )


def parse(content: bytes, name: str) -> Any:
    """Return an ONNX file as a model.

    Raises:
        ConfigError: onnx is not installed.
        EngineError: the file is no ONNX model.
    """
    onnx = load_onnx_package()
    try:
        model = onnx.load_from_string(content)
    except Exception as error:  # protobuf raises a class of its own for each version
        raise EngineError(f"cannot read {name} as an ONNX model; export it again") from error
    if not model.graph.node:
        raise EngineError(f"cannot read {name} as an ONNX model: it is empty; export it again")
    return model


def one_hop(model: Any) -> None:
    """Take recurrent layers apart, for runs of one step: compilers keep loops, which cost time.

    Raises:
        EngineError: a layer resets before its linear map, or has two directions.
    """
    onnx = load_onnx_package()
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    # Exporters name the weights of a layer anew for each of its further steps.
    named = {
        node.output[0]: weights[node.input[0]]
        for node in model.graph.node
        if node.op_type == "Identity" and node.input[0] in weights
    }
    weights |= named
    nodes: list[Any] = []
    for node in model.graph.node:
        nodes += _gru_step(onnx, node, weights) if node.op_type == "GRU" else [node]
    read = {name for node in nodes for name in node.input} | {o.name for o in model.graph.output}
    nodes = [node for node in nodes if node.output[0] not in named.keys() - read]
    weights = {name: tensor for name, tensor in weights.items() if name not in named}
    _replace_nodes(model, nodes)
    used = {name for node in nodes for name in node.input}
    del model.graph.initializer[:]
    model.graph.initializer.extend(t for name, t in weights.items() if name in used)


def _gru_step(onnx: Any, node: Any, weights: dict[str, Any]) -> Iterable[Any]:
    """Return one step of a GRU: `h' = n + z (h - n)`, gates stacked as z, r, n."""
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    if not attributes.get("linear_before_reset") or len(node.input) < 6 or node.input[4]:
        raise EngineError(
            f"the recurrent layer {node.name} is of a kind that is not supported; export the model "
            "with torch's GRU"
        )
    x, *layer, _, hidden = node.input
    own = node.name or node.output[-1]

    def name(part: str) -> str:
        return f"{own}/{part}"

    def make(operator: str, inputs: list[str], outputs: list[str], **options: Any) -> Any:
        named = [name(output) for output in outputs]
        node_name = name(f"{operator}_{outputs[0]}")
        return onnx.helper.make_node(operator, inputs, named, name=node_name, **options)

    first = _constant(onnx, name("first"), np.array([0]))
    both = _constant(onnx, name("both"), np.array([0, 1]))
    yield from (first, both)
    at, pair = first.output[0], both.output[0]
    for source, result in ((x, "x"), (hidden, "h")):
        yield make("Squeeze", [source, at], [result])
    weight, recurrence, biases = (onnx.numpy_helper.to_array(weights[part])[0] for part in layer)
    own_bias, fed_back = np.split(biases, 2)
    for part, array in (("w", weight), ("r", recurrence), ("bx", own_bias), ("bh", fed_back)):
        weights[name(part)] = onnx.numpy_helper.from_array(array.copy(), name(part))
    yield make("Gemm", [name("x"), name("w"), name("bx")], ["gx"], transB=1)
    yield make("Gemm", [name("h"), name("r"), name("bh")], ["gh"], transB=1)
    yield make("Split", [name("gx")], ["xz", "xr", "xn"], num_outputs=3, axis=-1)
    yield make("Split", [name("gh")], ["hz", "hr", "hn"], num_outputs=3, axis=-1)
    for gate in ("z", "r"):
        yield make("Add", [name(f"x{gate}"), name(f"h{gate}")], [f"{gate}_sum"])
        yield make("Sigmoid", [name(f"{gate}_sum")], [f"{gate}_gate"])
    yield make("Mul", [name("r_gate"), name("hn")], ["kept"])
    yield make("Add", [name("xn"), name("kept")], ["n_sum"])
    yield make("Tanh", [name("n_sum")], ["n"])
    yield make("Sub", [name("h"), name("n")], ["change"])
    yield make("Mul", [name("z_gate"), name("change")], ["held"])
    yield make("Add", [name("n"), name("held")], ["next"])
    for output, axes in zip(node.output, (pair, at), strict=False):
        if output:
            yield onnx.helper.make_node("Unsqueeze", [name("next"), axes], [output])


def in_half(model: Any, precision: str) -> None:
    """Let products be computed in 16 bits; everything else, pasts and spectra too, stays fp32.

    What a logarithm is taken of stays as it is: quiet sounds are too small for 16 bits.

    Args:
        model: changed in place.
        precision: `fp16` or `bf16`.
    """
    onnx = load_onnx_package()
    kind = getattr(onnx.TensorProto, HALF[precision])
    spared = before_logarithms(model)
    nodes = []
    for node in model.graph.node:
        if node.op_type not in PRODUCTS or node.name in spared:
            nodes.append(node)
            continue
        for place, source in enumerate(node.input):
            if source:
                cast = f"{node.name}/half_{place}"
                nodes.append(onnx.helper.make_node("Cast", [source], [cast], name=cast, to=kind))
                node.input[place] = cast
        (output,) = node.output
        node.output[0] = f"{node.name}/half"
        back = onnx.TensorProto.FLOAT
        name = f"{node.name}/single"
        nodes += [node, onnx.helper.make_node("Cast", node.output, [output], name=name, to=back)]
    _replace_nodes(model, nodes)


def before_logarithms(model: Any) -> set[str]:
    """Name the nodes that a logarithm depends on; nodes without a name get one."""
    makers = {}
    for number, node in enumerate(model.graph.node):
        node.name = node.name or f"{node.op_type}_{number}"
        makers.update(dict.fromkeys(node.output, node))
    open_nodes = [node for node in model.graph.node if node.op_type == "Log"]
    found: set[str] = set()
    while open_nodes:
        node = open_nodes.pop()
        if node.name not in found:
            found.add(node.name)
            open_nodes += [makers[source] for source in node.input if source in makers]
    return found


def in_rows(model: Any) -> None:
    """Let a graph keep the pasts of many streams, and step the rows that it is told to.

    Its pasts become tables, `[streams, ...]`; a new input `row_numbers` names a row of them for
    each row of the other inputs. A run returns new tables, in which only those rows have changed.
    """
    onnx = load_onnx_package()
    graph = model.graph
    outputs = {value.name: value for value in graph.output}
    pasts = [value for value in graph.input if NEXT + value.name in outputs]
    if not pasts:
        return
    integer = onnx.TensorProto.INT64
    graph.input.append(onnx.helper.make_tensor_value_info(ROWS, integer, [BATCH]))
    before, after = [_constant(onnx, "rows_as_a_column", np.array([1]))], []
    before.append(
        onnx.helper.make_node("Unsqueeze", [ROWS, before[0].output[0]], ["rows_column"], name=ROWS)
    )
    sizes = []
    for past in pasts:
        reading, writing, size = _table(onnx, past, outputs[NEXT + past.name])
        before += reading
        after += writing
        sizes.append(size)
    after.append(onnx.helper.make_node("Sum", sizes, [SIZE], name=SIZE))
    single = onnx.TensorProto.FLOAT
    graph.output.append(onnx.helper.make_tensor_value_info(SIZE, single, [BATCH]))
    taken = {past.name: f"{past.name}/taken" for past in pasts}
    taken |= {NEXT + past.name: f"{past.name}/next" for past in pasts}
    for node in graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                names[place] = taken.get(name, name)
    _replace_nodes(model, [*before, *graph.node, *after])


def _table(onnx: Any, past: Any, following: Any) -> tuple[list[Any], list[Any], str]:
    """Return nodes that read rows of a past and write them back, and the name of their size."""
    kind = past.type.tensor_type
    shape = [d.dim_param or d.dim_value for d in kind.shape.dim]
    axis = shape.index(BATCH)
    order = [axis, *(place for place in range(len(shape)) if place != axis)]
    back = [order.index(place) for place in range(len(shape))]
    for value in (past, following):
        table = [STREAMS, *(size for size in shape if size != BATCH)]
        value.CopyFrom(onnx.helper.make_tensor_value_info(value.name, kind.elem_type, table))
    own = past.name
    row, taken, new, turned = (f"{own}/{part}" for part in ("row", "taken", "next", "turned"))
    make = onnx.helper.make_node
    reading = [
        make("Gather", [own, ROWS], [row], name=row, axis=0),
        make("Transpose", [row], [taken], name=taken, perm=back),
    ]
    axes = _constant(onnx, f"{own}/axes", np.arange(1, len(shape)))
    writing = [
        make("Transpose", [new], [turned], name=turned, perm=order),
        make("ScatterND", [own, "rows_column", turned], [NEXT + own], name=NEXT + own),
        axes,
        make("Abs", [turned], [f"{own}/abs"], name=f"{own}/abs"),
        make(
            "ReduceSum",
            [f"{own}/abs", axes.output[0]],
            [f"{own}/size"],
            name=f"{own}/size",
            keepdims=0,
        ),
    ]
    return reading, writing, f"{own}/size"


def _constant(onnx: Any, name: str, value: np.ndarray[Any, Any]) -> Any:
    tensor = onnx.numpy_helper.from_array(value.astype(np.int64), name)
    return onnx.helper.make_node("Constant", [], [name], name=name, value=tensor)


def _replace_nodes(model: Any, nodes: Iterable[Any]) -> None:
    kept = list(nodes)
    del model.graph.node[:]
    model.graph.node.extend(kept)
