"""The back-end `tensorrt`: a plan on the GPU at hand, with TensorRT or TensorRT for RTX.

A plan of a graph with pasts is in row form (see `onnx_surgery.in_rows`): it holds the pasts of all
streams as tables, and is told which rows to step.
"""

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from facewire.errors import EngineError
from facewire_engines.backends.cuda_driver import OUT_OF_MEMORY, CudaStream, find_gpu, use_gpu
from facewire_engines.backends.graph import Array, GraphSpec
from facewire_engines.backends.onnx_surgery import ROWS
from facewire_engines.backends.tensorrt.builder import load_tensorrt, new_log
from facewire_engines.backends.tensorrt.streams import TensorrtStreams


class TensorrtGraph:
    """A plan, deserialised. Holds no stream, so any thread may run it."""

    def __init__(self, spec: GraphSpec, plan: bytes, *, backend: str = "tensorrt") -> None:
        """Load a plan.

        Args:
            spec: the tensors of the graph that it was made from.
            plan: what `plan_building` wrote.
            backend: what it is called.

        Raises:
            ConfigError: TensorRT is not installed.
            EngineError: there is no GPU, its driver is too old, its memory is full, or the plan is
                damaged, for another GPU, or from another version of TensorRT.
        """
        self.spec = spec
        self.backend = backend
        self._gpu = find_gpu()
        use_gpu()
        self._tensorrt = load_tensorrt()
        self._log = new_log(self._tensorrt)
        runtime = self._tensorrt.Runtime(self._log)
        self._runtime = runtime
        self._engine: Any = runtime.deserialize_cuda_engine(plan)
        if self._engine is None:
            raise EngineError(
                f"TensorRT {self._tensorrt.__version__} cannot load the plan on {self._gpu.name} "
                f"({self._gpu.target}, driver for CUDA {self._gpu.driver}): {self._reason()}; "
                "update NVIDIA's driver, or build again with: facewire engine build --rebuild"
            )
        self._check_tensors()
        first = spec.feeds[0].name
        self.most_rows = int(self._engine.get_tensor_profile_shape(first, 0)[2][0])
        """How many rows a run may have."""
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
                    self._alone = TensorrtStreams(self, 0)
                return self._alone.step(rows, feeds)
        streams = TensorrtStreams(self, len(rows))
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
        return TensorrtStreams(self, capacity)

    def new_context(self) -> Any:
        """Return a context of the plan, whose kernels are compiled for its shapes at once.

        Raises:
            EngineError: the GPU has too little memory.
        """
        strategies = getattr(self._tensorrt, "DynamicShapesKernelSpecializationStrategy", None)
        if strategies is None:
            context = self._engine.create_execution_context()
        else:
            config = self._engine.create_runtime_config()
            config.dynamic_shapes_kernel_specialization_strategy = strategies.EAGER
            context = self._engine.create_execution_context(config)
        if context is None:
            raise EngineError(f"{OUT_OF_MEMORY} (TensorRT says: {self._reason()})")
        return context

    def enqueue(self, context: Any, stream: CudaStream) -> None:
        """Queue a run.

        Raises:
            EngineError: TensorRT refused it.
        """
        if not context.execute_async_v3(stream.handle):
            raise EngineError(f"TensorRT cannot run the plan: {self._reason()}")

    def recordable(self, context: Any, stream: CudaStream) -> bool:
        """Tell whether a run may be recorded, as far as this TensorRT says."""
        asked = getattr(context, "is_stream_capturable", None)
        return bool(asked(stream.handle)) if asked else True

    def _check_tensors(self) -> None:
        """Refuse a plan of another graph."""
        engine = self._engine
        found = {engine.get_tensor_name(number) for number in range(engine.num_io_tensors)}
        wanted = {tensor.name for tensor in (*self.spec.inputs, *self.spec.outputs)}
        wanted |= {ROWS} if self.spec.pasts else set()
        if missing := wanted - found:
            raise EngineError(
                f"the plan lacks {', '.join(sorted(missing))}: it is of another graph; build it "
                "again with: facewire engine build --rebuild"
            )

    def _reason(self) -> str:
        """Return the last thing that TensorRT complained about."""
        return str(self._log.errors[-1]) if self._log.errors else "it does not say why"
