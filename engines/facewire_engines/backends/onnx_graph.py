"""The back-end `onnx`: onnxruntime, on one thread of the processor or on a GPU."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from facewire.errors import EngineError
from facewire.optional_dependency import raise_what_ended
from facewire_engines.backends.graph import Array, GraphFile, GraphSpec, TensorSpec
from facewire_engines.backends.host_streams import HostStreams
from facewire_engines.backends.memory import (
    GPU_FULL,
    MACHINE_FULL,
    OutOfMemoryError,
    says_out_of_memory,
)

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
CUDA_OPTIONS = {"use_tf32": "0"}
"""Products of fp32 shall be those of fp32: by default GPUs may round their factors to 19 bits."""
NO_CUDA = (
    "onnxruntime cannot use a GPU here; install onnxruntime-gpu and NVIDIA's driver, or choose "
    "--backend onnx"
)

_DTYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(bool)": "bool",
}


def load_onnxruntime() -> Any:
    """Return the `onnxruntime` module, which then neither counts its users nor writes to disk.

    Raises:
        EngineError: it is not installed.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime
    except ImportError as error:
        raise_what_ended(error)
        raise EngineError(f"onnxruntime is missing ({error}); install Facewire again") from error
    return onnxruntime


class OnnxGraph:
    """A graph that onnxruntime compiled. Holds no stream, so any thread may run it."""

    def __init__(
        self,
        content: bytes,
        inputs: Sequence[str] | None = None,
        *,
        cuda: bool = False,
        backend: str = "onnx",
    ) -> None:
        """Compile an ONNX file.

        Args:
            content: the file.
            inputs: what it has to take, if that is known.
            cuda: run on the GPU.
            backend: what it is called.

        Raises:
            EngineError: the file is damaged or takes something else, or there is no such GPU.
        """
        onnxruntime = load_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what is wrong is raised, and some of it is expected
        self.backend = backend
        if cuda and CUDA not in onnxruntime.get_available_providers():
            raise EngineError(NO_CUDA)
        try:
            self._session: Any = onnxruntime.InferenceSession(
                content, options, providers=[(CUDA, CUDA_OPTIONS), CPU] if cuda else [CPU]
            )
        except Exception as error:  # onnxruntime raises a class for each kind of damage
            self._refuse_full(error)
            raise EngineError(f"onnxruntime cannot load the model: {error}") from error
        if cuda and CUDA not in self._session.get_providers():
            raise EngineError(NO_CUDA)
        self.spec = GraphSpec(
            _specs(self._session.get_inputs()), _specs(self._session.get_outputs())
        )
        if inputs is not None:
            self.spec.require(inputs)

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        """Run once and return every output, in the graph's order.

        Raises:
            EngineError: onnxruntime failed, for instance out of memory.
        """
        try:
            outputs: list[Array] = self._session.run(None, feeds)
        except Exception as error:  # onnxruntime raises a class for each kind of failure
            self._refuse_full(error)
            raise EngineError(f"onnxruntime cannot run the model: {error}") from error
        return outputs

    def streams(self, capacity: int) -> HostStreams:
        """Return room for so many streams.

        Raises:
            EngineError: there is not enough memory.
        """
        return HostStreams(self, capacity)

    def _refuse_full(self, error: Exception) -> None:
        """Say so where onnxruntime complains about memory."""
        if isinstance(error, MemoryError) or says_out_of_memory(str(error)):
            on_gpu = self.backend == "onnx-cuda"
            raise OutOfMemoryError(GPU_FULL if on_gpu else MACHINE_FULL) from error


def load_onnx(file: GraphFile) -> OnnxGraph:
    """Compile a graph for the processor.

    Raises:
        EngineError: the file is damaged.
    """
    return OnnxGraph(file.content)


def load_onnx_cuda(file: GraphFile) -> OnnxGraph:
    """Compile a graph for the GPU, with onnxruntime's CUDA provider.

    Raises:
        EngineError: the file is damaged, or onnxruntime cannot use a GPU here.
    """
    return OnnxGraph(file.content, cuda=True, backend="onnx-cuda")


def _specs(values: Sequence[Any]) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(
            value.name,
            tuple(size if isinstance(size, int) else str(size) for size in value.shape),
            _DTYPES.get(str(value.type), str(value.type)),
        )
        for value in values
    )
