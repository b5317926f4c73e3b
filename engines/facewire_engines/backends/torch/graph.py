"""The back-end `torch`: an ONNX graph on a processor or a GPU, operator by operator.

It needs no compiler and no plan, so it is what is left on GPUs that TensorRT refuses. On a GPU runs
are recorded as CUDA graphs, one for each power of two of rows.
"""

import threading
from collections.abc import Mapping

import numpy as np

from facewire_engines.backends.graph import Array
from facewire_engines.backends.torch.program import TorchProgram
from facewire_engines.backends.torch.streams import TorchStreams


class TorchGraph:
    """A graph that torch runs. Holds no stream, so any thread may run it."""

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
        self._program = TorchProgram(content, device)
        self.spec = self._program.spec
        self._lock = threading.Lock()
        self._alone: TorchStreams | None = None

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        """Run once and return every output, in the graph's order.

        Raises:
            EngineError: torch failed, for instance out of memory.
        """
        program = self._program
        if program.device == "cuda" and not self.spec.pasts:
            return self._run_recorded(feeds)
        with program.torch.inference_mode(), program.errors():
            given = {name: program.upload(array) for name, array in feeds.items()}
            return [value.cpu().numpy() for value in program.apply(given)]

    def streams(self, capacity: int) -> TorchStreams:
        """Return room for so many streams.

        Raises:
            EngineError: there is not enough memory.
        """
        with self._program.errors():
            return TorchStreams(self._program, capacity)

    def _run_recorded(self, feeds: Mapping[str, Array]) -> list[Array]:
        rows = len(next(iter(feeds.values())))
        with self._lock:
            if self._alone is None:
                self._alone = self.streams(0)
            return self._alone.step(np.arange(rows), feeds)
