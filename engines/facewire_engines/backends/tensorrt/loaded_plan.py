"""A plan on the GPU at hand, as TensorRT or TensorRT for RTX loaded it."""

from typing import Any

from facewire.errors import EngineError
from facewire_engines.backends.cuda_driver import CudaStream, find_gpu, use_gpu
from facewire_engines.backends.graph import GraphSpec
from facewire_engines.backends.memory import GPU_FULL, OutOfMemoryError, says_out_of_memory
from facewire_engines.backends.onnx_surgery import ROWS
from facewire_engines.backends.tensorrt.builder import new_log
from facewire_engines.backends.tensorrt.libraries import Library


class LoadedPlan:
    """What may be run with any number of rows up to `most_rows`; any thread may use it."""

    def __init__(self, spec: GraphSpec, plan: bytes, library: Library) -> None:
        """Load a plan.

        Args:
            spec: the tensors of the graph that it was made from.
            plan: what `plan_building` wrote.
            library: what compiled it.

        Raises:
            EngineError: there is no GPU, its driver is too old, its memory is full, or the plan is
                damaged, for another GPU, or from another version of TensorRT.
        """
        self.spec = spec
        self._gpu = find_gpu()
        use_gpu()
        self._tensorrt = library.module
        self._log = new_log(self._tensorrt)
        runtime = self._tensorrt.Runtime(self._log)
        self._runtime = runtime
        self._engine: Any = runtime.deserialize_cuda_engine(plan)
        if self._engine is None:
            self._refuse_full()
            raise EngineError(
                f"{library} cannot load the plan on {self._gpu.name} "
                f"({self._gpu.target}, driver for CUDA {self._gpu.driver}): {self._reason()}; "
                "update NVIDIA's driver, or build again with: facewire engine build --rebuild"
            )
        self._check_tensors()
        first = spec.feeds[0].name
        self.most_rows = int(self._engine.get_tensor_profile_shape(first, 0)[2][0])
        """How many rows a run may have."""

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
            raise OutOfMemoryError(f"{GPU_FULL} (TensorRT says: {self._reason()})")
        return context

    def enqueue(self, context: Any, stream: CudaStream) -> None:
        """Queue a run.

        Raises:
            EngineError: TensorRT refused it.
        """
        if not context.execute_async_v3(stream.handle):
            self._refuse_full()
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

    def _refuse_full(self) -> None:
        """Say so where TensorRT's last complaint is about memory."""
        if says_out_of_memory(self._reason()):
            raise OutOfMemoryError(GPU_FULL)

    def _reason(self) -> str:
        """Return the last thing that TensorRT complained about."""
        return str(self._log.errors[-1]) if self._log.errors else "it does not say why"
