"""Operators and whole graphs in torch, beside onnxruntime."""

from typing import Any

import numpy as np
import pytest

from facewire.errors import EngineError
from facewire_engines.backends.onnx_graph import OnnxGraph

onnx = pytest.importorskip("onnx", reason="install onnx: pip install -e '.[torch]'")
pytest.importorskip("torch", reason="install torch: pip install -e '.[torch]'")

from onnx import helper  # noqa: E402 # follows importorskip

from facewire_engines.backends.torch.graph import TorchGraph  # noqa: E402 # follows importorskip

RANDOM = np.random.default_rng(0)


def numbers(*shape: int) -> np.ndarray[Any, Any]:
    return RANDOM.standard_normal(shape).astype(np.float32)


def whole(*values: int) -> np.ndarray[Any, Any]:
    return np.array(values, np.int64)


def model(
    operator: str, constants: list[np.ndarray[Any, Any] | None], outputs: int = 1, **attributes: Any
) -> bytes:
    """Return a graph of one node: it takes `x`, and constants."""
    names = ["x", *(f"c{n}" if c is not None else "" for n, c in enumerate(constants))]
    given = [
        onnx.numpy_helper.from_array(c, f"c{n}") for n, c in enumerate(constants) if c is not None
    ]
    results = [f"y{number}" for number in range(outputs)]
    node = helper.make_node(operator, names, results, name="the_node", **attributes)
    kind = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info("x", kind, ["batch", "steps", 6])],
        [helper.make_tensor_value_info(name, kind, None) for name in results],
        given,
    )
    opsets = [helper.make_opsetid("", 20)]
    made: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()
    return made


CASES: dict[str, tuple[str, list[Any], dict[str, Any]]] = {
    **{name: (name, [], {}) for name in ("Abs", "Erf", "Exp", "Identity", "Neg", "Relu")},
    **{name: (name, [], {}) for name in ("Sigmoid", "Tanh", "Gelu", "Softmax")},
    **{name: (name, [numbers(6) + 3], {}) for name in ("Add", "Sub", "Mul", "Div")},
    **{name: (name, [], {}) for name in ("Cos", "Round", "Sin")},
    "Pow": ("Pow", [np.float32(2)], {}),
    "Clip": ("Clip", [np.float32(-0.5), np.float32(0.5)], {}),
    "Clip from above": ("Clip", [None, np.float32(0.5)], {}),
    "Concat": ("Concat", [numbers(2, 1, 6)], {"axis": 1}),
    "Conv": ("Conv", [numbers(4, 3, 3), numbers(4)], {"pads": [1, 1], "strides": [2]}),
    "Conv in groups": ("Conv", [numbers(6, 1, 2)], {"group": 3, "dilations": [2]}),
    "Gather one": ("Gather", [np.int64(-1)], {"axis": 2}),
    "Gather some": ("Gather", [whole(2, 0)], {"axis": 1}),
    "LayerNormalization": ("LayerNormalization", [numbers(6), numbers(6)], {"epsilon": 1e-3}),
    "MatMul": ("MatMul", [numbers(6, 5)], {}),
    "ReduceMean": ("ReduceMean", [whole(-1)], {"keepdims": 0}),
    "Reshape": ("Reshape", [whole(0, -1)], {}),
    "Slice": ("Slice", [whole(1), whole(2**62), whole(1), whole(2)], {}),
    "Split": ("Split", [whole(2, 4)], {"axis": -1}),
    "Split evenly": ("Split", [], {"axis": 2, "num_outputs": 2}),
    "Transpose": ("Transpose", [], {"perm": [2, 0, 1]}),
    "Unsqueeze": ("Unsqueeze", [whole(0, -1)], {}),
}


@pytest.mark.parametrize("case", CASES)
def test_an_operator_is_what_onnx_says(case: str) -> None:
    operator, constants, attributes = CASES[case]
    content = model(operator, constants, outputs=2 if operator == "Split" else 1, **attributes)
    x = numbers(2, 3, 6)
    expected = OnnxGraph(content).run({"x": x})
    found = TorchGraph(content).run({"x": x})
    for mine, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, right, atol=2e-6)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (model("Cosh", []), r"operator Cosh \(node the_node\)"),
        (model("Conv", [numbers(4, 3, 3)], auto_pad="SAME_UPPER"), "padding"),
    ],
)
def test_what_is_not_supported_is_named(content: bytes, said: str) -> None:
    with pytest.raises(EngineError, match=said):
        TorchGraph(content)


def test_ids_are_looked_up_compared_and_taken_apart_as_in_onnx() -> None:
    """Integers that are fed are tensors; integers of the graph beside them become tensors."""
    digits, rest = whole(1, 3, 9), 26
    nodes = [
        helper.make_node("Unsqueeze", ["ids", "last"], ["column"]),
        helper.make_node("Div", ["column", "digits"], ["divided"]),
        helper.make_node("Mod", ["divided", "levels"], ["digit"]),
        helper.make_node("Gather", ["rows", "digit"], ["embedded"]),
        helper.make_node("ReduceSum", ["embedded", "third"], ["summed"], keepdims=0),
        helper.make_node("Equal", ["ids", "rest"], ["resting"]),
        helper.make_node("Less", ["ids", "levels"], ["few"]),
        helper.make_node("And", ["resting", "few"], ["both"]),
        helper.make_node("Xor", ["resting", "both"], ["one"]),
        helper.make_node("Not", ["one"], ["said"]),
        helper.make_node("Unsqueeze", ["said", "last"], ["chosen"]),
        helper.make_node("Where", ["chosen", "summed", "silence"], ["features"]),
        helper.make_node("ArgMax", ["features"], ["most"], axis=-1, keepdims=0),
        helper.make_node("ArgMin", ["features"], ["least"], axis=-1, keepdims=1),
    ]
    constants = {
        "last": whole(-1), "digits": digits, "levels": np.int64(3), "third": whole(2),
        "rows": numbers(3, 6), "rest": np.int64(rest), "silence": numbers(6),
    }  # fmt: skip
    outputs = {"features": onnx.TensorProto.FLOAT, "most": 7, "least": 7, "digit": 7}
    graph = helper.make_graph(
        nodes,
        "ids",
        [helper.make_tensor_value_info("ids", onnx.TensorProto.INT64, ["batch", 9])],
        [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs.items()],
        [onnx.numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()],
    )
    opsets = [helper.make_opsetid("", 18)]
    content = helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()
    ids = np.arange(27).reshape(3, 9)
    found, expected = (g.run({"ids": ids}) for g in (TorchGraph(content), OnnxGraph(content)))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    np.testing.assert_array_equal(found[3], ids[..., None] // digits % 3)
