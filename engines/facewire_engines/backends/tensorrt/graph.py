"""The back-end `tensorrt`: a plan on the GPU at hand, with TensorRT or TensorRT for RTX.

A plan of a graph with pasts is in row form (see `onnx_surgery.in_rows`): it holds the pasts of all
streams as tables, and is told which rows to step.
"""

import threading
from collections.abc import Mapping

import numpy as np

from facewire_engines.backends.graph import Array
from facewire_engines.backends.tensorrt.loaded_plan import LoadedPlan
from facewire_engines.backends.tensorrt.streams import TensorrtStreams


class TensorrtGraph:
    """A graph that a plan runs. Holds no stream, so any thread may run it."""

    def __init__(self, plan: LoadedPlan, *, backend: str = "tensorrt") -> None:
        """Run a plan.

        Args:
            plan: of the graph.
            backend: what it is called.
        """
        self.spec = plan.spec
        self.backend = backend
        self._plan = plan
        self._lock = threading.Lock()
        self._alone: TensorrtStreams | None = None

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        """Run once and return every output, in the graph's order.

        Raises:
            EngineError: the GPU failed.
        """
        rows = np.arange(len(feeds[self.spec.feeds[0].name]))
        if not self.spec.pasts:
            with self._lock:
                if self._alone is None:
                    self._alone = TensorrtStreams(self._plan, 0)
                return self._alone.step(rows, feeds)
        streams = TensorrtStreams(self._plan, len(rows))
        streams.remember({past.name: feeds[past.name] for past in self.spec.pasts})
        heard = {tensor.name: feeds[tensor.name] for tensor in self.spec.feeds}
        results = dict(
            zip((t.name for t in self.spec.results), streams.step(rows, heard), strict=True)
        )
        pasts = streams.remembered()
        return [results[t.name] if t.name in results else pasts[t.name] for t in self.spec.outputs]

    def streams(self, capacity: int) -> TensorrtStreams:
        """Return room for so many streams.

        Raises:
            EngineError: the GPU has too little memory.
        """
        return TensorrtStreams(self._plan, capacity)
