"""ONNX operators in torch: what the back-end `torch` is made of.

Values are of two kinds. Tensors hold data. Shapes, and whatever is computed from them, are numpy
arrays of integers, so that they are plain numbers to torch: nothing waits for the GPU to learn a
size, and a run can be recorded. Operators are those of opset 18, as https://onnx.ai/onnx/operators
defines them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Value = Any
"""A torch tensor, a numpy array of integers, or None for an input that is left out."""
Attributes = Mapping[str, Any]
Operator = Callable[[Any, Attributes, Sequence[Value]], Value]
"""Gets torch, the node's attributes and its inputs; returns its output, or a tuple of them."""


def operators() -> dict[str, Operator]:
    """Return every operator by its ONNX name."""
    return {**_of_shapes(), **_elementwise(), **_networks()}


def _sizes(value: Value) -> list[int]:
    return [int(size) for size in np.ravel(value)]


def _is_shape(value: Value) -> bool:
    return isinstance(value, np.ndarray)


def _concat(torch: Any, attributes: Attributes, inputs: Sequence[Value]) -> Value:
    axis = attributes["axis"]
    if all(map(_is_shape, inputs)):
        return np.concatenate(inputs, axis)
    return torch.cat(list(inputs), axis)


def _gather(torch: Any, attributes: Attributes, inputs: Sequence[Value]) -> Value:
    data, index = inputs
    axis = attributes.get("axis", 0)
    if _is_shape(data):
        return np.asarray(np.take(data, index, axis))
    if _is_shape(index) and index.ndim == 0:
        return data.select(axis, int(index))
    places = torch.as_tensor(_sizes(index), device=data.device) if _is_shape(index) else index
    found = data.index_select(axis, places.reshape(-1))
    axis %= data.ndim
    return found.reshape(*data.shape[:axis], *index.shape, *data.shape[axis + 1 :])


def _slice(torch: Any, attributes: Attributes, inputs: Sequence[Value]) -> Value:
    data, starts, ends, *rest = inputs
    axes = _sizes(rest[0]) if rest and rest[0] is not None else range(len(starts))
    steps = _sizes(rest[1]) if len(rest) > 1 and rest[1] is not None else [1] * len(starts)
    cut = [slice(None)] * data.ndim
    for axis, start, end, step in zip(axes, _sizes(starts), _sizes(ends), steps, strict=True):
        cut[axis] = slice(start, end, step)
    return data[tuple(cut)]


def _unsqueeze(torch: Any, attributes: Attributes, inputs: Sequence[Value]) -> Value:
    data, axes = inputs
    rank = data.ndim + np.size(axes)
    places = sorted(axis % rank for axis in _sizes(axes))
    if _is_shape(data):
        return np.expand_dims(data, tuple(places))
    for axis in places:
        data = data.unsqueeze(axis)
    return data


def _squeeze(torch: Any, attributes: Attributes, inputs: Sequence[Value]) -> Value:
    data, axes = inputs
    places = tuple(axis % data.ndim for axis in _sizes(axes))
    return np.squeeze(data, places) if _is_shape(data) else data.squeeze(places)


def _reshape(torch: Any, attributes: Attributes, inputs: Sequence[Value]) -> Value:
    data, shape = inputs
    sizes = [data.shape[i] if size == 0 else size for i, size in enumerate(_sizes(shape))]
    return data.reshape(sizes)


def _split(torch: Any, attributes: Attributes, inputs: Sequence[Value]) -> Value:
    data, *sizes = inputs
    axis = attributes.get("axis", 0)
    if sizes and sizes[0] is not None:
        return tuple(torch.split(data, _sizes(sizes[0]), axis))
    return tuple(torch.chunk(data, attributes["num_outputs"], axis))


def _cast(torch: Any, attributes: Attributes, inputs: Sequence[Value]) -> Value:
    import onnx

    if _is_shape(inputs[0]):
        return inputs[0]
    name = onnx.TensorProto.DataType.Name(attributes["to"])
    kinds = {"FLOAT": "float32", "DOUBLE": "float64"}
    return inputs[0].to(getattr(torch, kinds.get(name, name.lower())))


def _of_shapes() -> dict[str, Operator]:
    return {
        "Cast": _cast,
        "Concat": _concat,
        "Gather": _gather,
        "Identity": lambda torch, attributes, inputs: inputs[0],
        "Reshape": _reshape,
        "Shape": lambda torch, attributes, inputs: np.array(inputs[0].shape, np.int64),
        "Slice": _slice,
        "Split": _split,
        "Squeeze": _squeeze,
        "Transpose": lambda torch, attributes, inputs: inputs[0].permute(*attributes["perm"]),
        "Unsqueeze": _unsqueeze,
    }


def _binary(of_tensors: Callable[[Any, Any], Any], of_shapes: Callable[..., Any]) -> Operator:
    def operator(torch: Any, attributes: Attributes, inputs: Sequence[Value]) -> Value:
        if all(map(_is_shape, inputs)):
            return np.asarray(of_shapes(*inputs))
        return of_tensors(*inputs)

    return operator


def _clip(torch: Any, attributes: Attributes, inputs: Sequence[Value]) -> Value:
    data, *limits = inputs
    low, high = (*limits, None, None)[:2]
    return torch.clamp(data, low, high)


def _unary(name: str) -> Operator:
    return lambda torch, attributes, inputs: getattr(torch, name)(inputs[0])


def _divide(torch: Any, attributes: Attributes, inputs: Sequence[Value]) -> Value:
    a, b = inputs
    if _is_shape(a) and _is_shape(b):
        # Sizes are never negative, so rounding down and towards zero are the same.
        return np.asarray(np.floor_divide(a, b))
    whole = not (a.is_floating_point() or (torch.is_tensor(b) and b.is_floating_point()))
    return torch.div(a, b, rounding_mode="trunc") if whole else a / b


COMPARED = ("And", "Equal", "Greater", "Less", "Or", "Xor")


def _comparison(name: str) -> Operator:
    torch_name = {"And": "logical_and", "Equal": "eq", "Greater": "gt", "Less": "lt"}
    called = torch_name.get(name, f"logical_{name.lower()}")
    return lambda torch, attributes, inputs: getattr(torch, called)(*inputs)


def _elementwise() -> dict[str, Operator]:
    unary = (
        *("Abs", "Cos", "Erf", "Exp", "Log", "Neg"),
        *("Relu", "Round", "Sigmoid", "Sin", "Sqrt", "Tanh"),
    )
    return {
        **{name: _comparison(name) for name in COMPARED},
        **{name: _unary(name.lower()) for name in unary},
        "Add": _binary(lambda a, b: a + b, np.add),
        "Clip": _clip,
        "Div": _divide,
        "Mod": _binary(lambda a, b: a % b, np.mod),
        "Mul": _binary(lambda a, b: a * b, np.multiply),
        "Not": _unary("logical_not"),
        "Pow": _binary(lambda a, b: a**b, np.power),
        "Sub": _binary(lambda a, b: a - b, np.subtract),
        "Where": lambda torch, attributes, inputs: torch.where(*inputs),
    }


WITH_CONSTANTS = ("Add", "Div", "Mod", "Mul", "Pow", "Sub", "Where", *COMPARED)
"""Operators whose inputs are all of a kind: beside tensors, integers that are given are tensors."""


def _conv(torch: Any, attributes: Attributes, inputs: Sequence[Value]) -> Value:
    """Convolve `[B, C, T]`."""
    data, weight, *bias = inputs
    before, after = attributes.get("pads", [0, 0])
    if before or after:
        data = torch.nn.functional.pad(data, (before, after))
    return torch.nn.functional.conv1d(
        data,
        weight,
        bias[0] if bias else None,
        stride=attributes.get("strides", [1])[0],
        dilation=attributes.get("dilations", [1])[0],
        groups=attributes.get("group", 1),
    )


def _gemm(torch: Any, attributes: Attributes, inputs: Sequence[Value]) -> Value:
    a, b, *bias = inputs
    a = a.mT if attributes.get("transA") else a
    b = b.mT if attributes.get("transB") else b
    product = attributes.get("alpha", 1.0) * (a @ b)
    return product + attributes.get("beta", 1.0) * bias[0] if bias else product


def _gru(torch: Any, attributes: Attributes, inputs: Sequence[Value]) -> Value:
    """Run one layer in one direction over `[T, B, I]`, in the form of Keras and cuDNN.

    ONNX stacks the gates as update, reset, candidate, and the biases of input and state.
    """
    data, weight, recurrence, bias, _, hidden = inputs
    linear = torch.nn.functional.linear
    own, fed_back = bias[0].chunk(2)
    state = hidden[0]
    states = []
    for x in linear(data, weight[0], own):
        update, reset, candidate = x.chunk(3, -1)
        of_update, of_reset, of_candidate = linear(state, recurrence[0], fed_back).chunk(3, -1)
        share = torch.sigmoid(update + of_update)
        new = torch.tanh(candidate + torch.sigmoid(reset + of_reset) * of_candidate)
        state = (1 - share) * new + share * state
        states.append(state)
    return torch.stack(states)[:, None], state[None]


def _layer_norm(torch: Any, attributes: Attributes, inputs: Sequence[Value]) -> Value:
    data, scale, *bias = inputs
    axis = attributes.get("axis", -1) % data.ndim
    return torch.nn.functional.layer_norm(
        data, data.shape[axis:], scale, bias[0] if bias else None, attributes.get("epsilon", 1e-5)
    )


def _place_of(name: str) -> Operator:
    def operator(torch: Any, attributes: Attributes, inputs: Sequence[Value]) -> Value:
        keep = bool(attributes.get("keepdims", 1))
        return getattr(torch, name)(inputs[0], attributes.get("axis", 0), keep)

    return operator


def _reduce_sum(torch: Any, attributes: Attributes, inputs: Sequence[Value]) -> Value:
    data, axes = inputs
    return data.sum(_sizes(axes), keepdim=bool(attributes.get("keepdims", 1)))


def _reduce_mean(torch: Any, attributes: Attributes, inputs: Sequence[Value]) -> Value:
    data, axes = inputs
    return data.mean(_sizes(axes), keepdim=bool(attributes.get("keepdims", 1)))


def _networks() -> dict[str, Operator]:
    return {
        "ArgMax": _place_of("argmax"),
        "ArgMin": _place_of("argmin"),
        "Conv": _conv,
        "GRU": _gru,
        "Gemm": _gemm,
        "Gelu": lambda torch, attributes, inputs: torch.nn.functional.gelu(
            inputs[0], approximate=attributes.get("approximate", b"none").decode()
        ),
        "LayerNormalization": _layer_norm,
        "MatMul": _binary(lambda a, b: a @ b, np.matmul),
        "ReduceMean": _reduce_mean,
        "ReduceSum": _reduce_sum,
        "Softmax": lambda torch, attributes, inputs: inputs[0].softmax(attributes.get("axis", -1)),
    }


def unsupported(operator: str, attributes: Attributes) -> str | None:
    """Return what of a node is not done here, or None."""
    if operator not in operators():
        return f"the operator {operator}"
    directions = (b"", b"forward")
    if operator == "GRU" and attributes.get("direction", b"") not in directions:
        return "a GRU that is bidirectional"
    if operator == "GRU" and not attributes.get("linear_before_reset"):
        return "a GRU that resets before its linear map"
    if operator == "Conv" and len(attributes.get("kernel_shape", [0])) != 1:
        return "a convolution over more than one dimension"
    if operator == "Conv" and attributes.get("auto_pad", b"NOTSET") not in (b"", b"NOTSET"):
        return "a convolution that chooses its own padding"
    return None
