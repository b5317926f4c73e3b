"""The back-end `torch`: an ONNX graph on a processor or a GPU, operator by operator.

It needs no compiler and no plan, so it is what is left on GPUs that TensorRT refuses. On a GPU runs
are recorded as CUDA graphs, one for each power of two of rows.
"""

import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from facewire.errors import EngineError
from facewire.optional import import_optional
from facewire_engines.backends.graph import Array, GraphSpec, TensorSpec
from facewire_engines.backends.torch.operators import Value, operators, unsupported
from facewire_engines.backends.torch.streams import TorchStreams


def load_torch() -> Any:
    """Return torch; if nobody has used it before, it then works on one thread of the processor.

    A hop is so little work that more threads would only wait for each other.

    Raises:
        EngineError: it is not installed, or does not load here.
    """
    first = "torch" not in sys.modules
    torch = import_optional("torch", "the back-end torch needs torch", "torch", error=EngineError)
    if first:
        torch.set_num_threads(1)
    return torch


def torch_cuda_problem() -> str | None:
    """Return why torch cannot use a GPU here, or None if it can."""
    try:
        torch = load_torch()
    except EngineError:
        return "torch is not installed"
    if not torch.cuda.is_available():
        return "torch finds no GPU, or was built without CUDA"
    return None


class TorchGraph:
    """A graph as a list of torch operators. Holds no stream, so any thread may run it."""

    def __init__(self, content: bytes, *, device: str = "cpu", backend: str = "torch") -> None:
        """Take an ONNX file apart.

        Args:
            content: the file.
            device: `cpu` or `cuda`.
            backend: what it is called.

        Raises:
            EngineError: torch or onnx is missing, the file is damaged, it has an operator that is
                not known here, or the GPU has too little memory.
        """
        self.backend = backend
        self._torch = torch = load_torch()
        self._device = device
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
            self._nodes = [
                self._compile(node) for node in model.graph.node if not self._is_constant(node)
            ]
        self._lock = threading.Lock()
        self._alone: TorchStreams | None = None
        if device == "cuda":
            # Sums of products shall be those of fp32, as on every other back-end.
            torch.backends.cudnn.allow_tf32 = False
            torch.backends.cuda.matmul.allow_tf32 = False

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        """Run once and return every output, in the graph's order.

        Raises:
            EngineError: torch failed, for instance out of memory.
        """
        torch = self._torch
        if self._device == "cuda" and not self.spec.pasts:
            return self._run_recorded(feeds)
        with torch.inference_mode(), self.errors():
            given = {name: self.upload(array) for name, array in feeds.items()}
            return [value.cpu().numpy() for value in self.apply(given)]

    def streams(self, capacity: int) -> TorchStreams:
        """Return room for so many streams.

        Raises:
            EngineError: there is not enough memory.
        """
        with self.errors():
            return TorchStreams(self, self._torch, self._device, capacity)

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
        return self._torch.from_numpy(array).to(self._device)

    def errors(self) -> "_TorchErrors":
        """Return a context in which torch's failures become ours, in one sentence."""
        return _TorchErrors(self._torch)

    def _run_recorded(self, feeds: Mapping[str, Array]) -> list[Array]:
        import numpy as np

        rows = len(next(iter(feeds.values())))
        with self._lock:
            if self._alone is None:
                self._alone = self.streams(0)
            return self._alone.step(np.arange(rows), feeds)

    def _is_constant(self, node: Any) -> bool:
        """Tell whether a node is a constant; if so, keep it."""
        values = [a.t for a in node.attribute if a.name == "value"]
        if node.op_type != "Constant" or not values:
            return False
        self._constants[node.output[0]] = self._value(values[0])
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
        torch, operator = self._torch, operators()[node.op_type]
        return outputs, lambda values: operator(torch, attributes, values), inputs

    def _value(self, tensor: Any) -> Value:
        import onnx

        array = onnx.numpy_helper.to_array(tensor)
        if array.dtype.kind in "iub":
            return array
        if tensor.data_type == onnx.TensorProto.BFLOAT16:
            upcast = self._torch.from_numpy(array.astype("float32"))
            return upcast.to(self._device, self._torch.bfloat16)
        return self._torch.from_numpy(array.copy()).to(self._device)


class _TorchErrors:
    """Turns what torch raises into one sentence."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, EngineError) or not isinstance(error, Exception):
            return
        first = (str(error) or type(error).__name__).splitlines()[0]
        if isinstance(error, self._torch.OutOfMemoryError):
            raise EngineError(
                "the GPU has too little free memory for the model; end other programs that use "
                "it, or choose --backend onnx"
            ) from error
        raise EngineError(f"torch cannot run the model: {first}") from error


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
