"""An ONNX graph run by onnxruntime on one thread: named arrays in, arrays out."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewire.errors import EngineError

Array = NDArray[np.float32]


def load_onnxruntime() -> Any:
    """Return the `onnxruntime` module, which then neither counts its users nor writes to disk.

    Raises:
        EngineError: it is not installed.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime
    except ImportError as error:
        raise EngineError(f"onnxruntime is missing ({error}); install Facewire again") from error
    return onnxruntime


class OnnxGraph:
    """A compiled graph. Holds no stream state, so any thread and any session may run it."""

    def __init__(self, content: bytes, inputs: Sequence[str]) -> None:
        onnxruntime = load_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises a class for each kind of damage
            raise EngineError(f"onnxruntime cannot load the model: {error}") from error
        found = [value.name for value in self._session.get_inputs()]
        if found != list(inputs):
            raise EngineError(f"the model takes {found}, but its engine feeds {list(inputs)}")

    def zeros(self, name: str) -> Array:
        """Return zeros in the shape of an input, with a batch of one."""
        shapes = {value.name: value.shape for value in self._session.get_inputs()}
        shape = [size if isinstance(size, int) else 1 for size in shapes[name]]
        return np.zeros(shape, np.float32)

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        """Run once and return every output, in the graph's order."""
        outputs: list[Array] = self._session.run(None, feeds)
        return outputs
