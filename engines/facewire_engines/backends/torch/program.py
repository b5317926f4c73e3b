"""An ONNX graph as a list of torch operators."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from facewire.errors import EngineError
from facewire.optional_dependency import import_optional
from facewire_engines.backends.graph import Array, GraphSpec, TensorSpec
from facewire_engines.backends.torch.library import TorchErrors, load_torch, torch_cuda_problem
from facewire_engines.backends.torch.operators import WITH_CONSTANTS, Value, operators, unsupported


class TorchProgram:
    """Operators in order, and their constants. Holds no stream, so any thread may run it."""

    def __init__(self, content: bytes, device: str) -> None:
        """Take an ONNX file apart.

        Args:
            content: the file.
            device: `cpu` or `cuda`.

        Raises:
            EngineError: torch or onnx is missing, the file is damaged, it has an operator that is
                not known here, or the GPU has too little memory.
        """
        self.torch = load_torch()
        self.device = device
        if device == "cuda" and (problem := torch_cuda_problem()):
            raise EngineError(
                f"{problem}; install NVIDIA's driver and torch for CUDA, or choose --backend onnx"
            )
        model = _parse(content)
        self.spec = GraphSpec(_specs(model.graph.input), _specs(model.graph.output))
        with self.errors():
            self._constants: dict[str, Value] = {
                tensor.name: self._value(tensor) for tensor in model.graph.initializer
            }
            self._constants[""] = None
            self._shapes = {name for name, value in self._constants.items() if _is_whole(value)}
            self._nodes = [
                self._compile(node) for node in model.graph.node if not self._is_constant(node)
            ]
        if device == "cuda":
            # Sums of products shall be those of fp32, as on every other back-end.
            self.torch.backends.cudnn.allow_tf32 = False
            self.torch.backends.cuda.matmul.allow_tf32 = False

    def apply(self, feeds: Mapping[str, Value]) -> list[Value]:
        """Return every output as tensors of the graph's device."""
        values = {**self._constants, **feeds}
        for outputs, function, inputs in self._nodes:
            found = function([values[name] for name in inputs])
            if len(outputs) == 1 and not isinstance(found, tuple):
                values[outputs[0]] = found
            else:
                values.update(zip(outputs, found, strict=False))
        return [values[tensor.name] for tensor in self.spec.outputs]

    def upload(self, array: Array) -> Value:
        """Return an array as a tensor of the graph's device; on a processor they share memory."""
        return self.torch.from_numpy(array).to(self.device)

    def errors(self) -> TorchErrors:
        """Return a context in which torch's failures become ours, in one sentence."""
        return TorchErrors(self.torch)

    def _is_constant(self, node: Any) -> bool:
        """Tell whether a node is a constant; if so, keep it."""
        values = [a.t for a in node.attribute if a.name == "value"]
        if node.op_type != "Constant" or not values:
            return False
        (name,) = node.output
        self._constants[name] = self._value(values[0])
        if _is_whole(self._constants[name]):
            self._shapes.add(name)
        return True

    def _compile(self, node: Any) -> tuple[list[str], Callable[[list[Value]], Value], list[str]]:
        import onnx

        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        outputs, inputs = list(node.output), list(node.input)
        if problem := unsupported(node.op_type, attributes):
            raise EngineError(
                f"the back-end torch does not support {problem} (node {node.name}); run the model "
                "with --backend onnx"
            )
        if node.op_type == "Shape" or all(name in self._shapes for name in inputs if name):
            self._shapes.update(outputs)
        elif node.op_type in WITH_CONSTANTS:
            inputs = [self._as_tensor(name) for name in inputs]
        torch, operator = self.torch, operators()[node.op_type]
        return outputs, lambda values: operator(torch, attributes, values), inputs

    def _as_tensor(self, name: str) -> str:
        """Return what a constant is called as a tensor, if it is one of integers; else its name."""
        value = self._constants.get(name)
        if not isinstance(value, np.ndarray):
            return name
        own = f"{name}/tensor"
        if own not in self._constants:
            self._constants[own] = self.torch.from_numpy(value.copy()).to(self.device)
        return own

    def _value(self, tensor: Any) -> Value:
        import onnx

        array = onnx.numpy_helper.to_array(tensor)
        if array.dtype.kind in "iub":
            return array
        if tensor.data_type == onnx.TensorProto.BFLOAT16:
            upcast = self.torch.from_numpy(array.astype("float32"))
            return upcast.to(self.device, self.torch.bfloat16)
        return self.torch.from_numpy(array.copy()).to(self.device)


def _is_whole(value: Value) -> bool:
    """Tell whether a constant is kept as integers of numpy, as sizes are."""
    return isinstance(value, np.ndarray)


def _parse(content: bytes) -> Any:
    onnx = import_optional("onnx", "the back-end torch needs onnx", "torch", error=EngineError)
    try:
        return onnx.load_from_string(content)
    except Exception as error:  # protobuf raises a class of its own for each version
        raise EngineError(f"the model is not an ONNX file ({error}); export it again") from error


def _specs(values: Any) -> tuple[TensorSpec, ...]:
    import onnx

    specs = []
    for value in values:
        kind = value.type.tensor_type
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).name
        shape = tuple(d.dim_param or d.dim_value for d in kind.shape.dim)
        specs.append(TensorSpec(value.name, shape, dtype))
    return tuple(specs)
