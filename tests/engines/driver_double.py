"""A double of NVIDIA's driver and of a plan, where neither is: memory, copies, recordings.

What is queued is done at once, or kept while the stream is recorded, as the driver does it; what a
plan computes is computed by onnxruntime, row by row, from the addresses that the context was given.
Only what the project calls is here, and every call is noted with its thread.
"""

import ctypes
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from facewire_engines.backends.graph import NEXT, GraphFile
from facewire_engines.backends.onnx_graph import OnnxGraph
from facewire_engines.backends.onnx_surgery import ROWS, SIZE
from facewire_engines.backends.tensorrt.loaded_plan import LoadedPlan

DONE = 0


class DriverDouble:
    """Stands where `cuda.bindings.driver` is."""

    CUresult = SimpleNamespace(CUDA_SUCCESS=DONE, CUDA_ERROR_OUT_OF_MEMORY=2)
    CUstream_flags = SimpleNamespace(CU_STREAM_NON_BLOCKING=1)
    CUstreamCaptureMode = SimpleNamespace(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL=1)

    def __init__(self) -> None:
        self.calls: list[tuple[int, str]] = []
        """The thread and the name of every call, and `in recording: NAME` of what fell into one."""
        self.on_wait: Callable[[], None] = lambda: None
        """Called by whoever waits for the GPU."""
        self.memory = 1 << 40
        """Bytes of the device that may be taken at once."""
        self.taken = 0
        self._device: dict[int, int] = {}
        """Sizes of what is taken of it, by address."""
        self._memory: dict[int, Any] = {}
        self._numbers = iter(range(1, 1 << 30))
        self._recording: list[Callable[[], None]] | None = None

    def queue(self, name: str, work: Callable[[], None]) -> tuple[int]:
        """Do something in turn, or record it."""
        self._note(name)
        if self._recording is None:
            work()
        else:
            self.calls.append((threading.get_ident(), f"in recording: {name}"))
            self._recording.append(work)
        return (DONE,)

    def _note(self, name: str) -> None:
        self.calls.append((threading.get_ident(), name))

    def _take(self, size: int) -> int:
        block = ctypes.create_string_buffer(size)
        address = ctypes.addressof(block)
        self._memory[address] = block
        return address

    def cuCtxSetCurrent(self, _: object) -> tuple[int]:
        return (DONE,)

    def cuMemAlloc(self, size: int) -> tuple[int, int]:
        self._note("cuMemAlloc")
        if self.taken + size > self.memory:
            return self.CUresult.CUDA_ERROR_OUT_OF_MEMORY, 0
        address = self._take(size)
        self._device[address] = size
        self.taken += size
        return DONE, address

    def cuMemHostAlloc(self, size: int, _: int) -> tuple[int, int]:
        self._note("cuMemHostAlloc")
        return DONE, self._take(size)

    def cuMemFree(self, address: int) -> tuple[int]:
        # Another driver's memory may be freed late, by the garbage collector.
        self.taken -= self._device.pop(address, 0)
        return (DONE,)

    def cuMemFreeHost(self, address: int) -> tuple[int]:
        return (DONE,)

    def cuMemsetD8(self, address: int, value: int, size: int) -> tuple[int]:
        ctypes.memset(address, value, size)
        return (DONE,)

    def cuMemsetD8Async(self, address: int, value: int, size: int, _: object) -> tuple[int]:
        return self.queue("cuMemsetD8Async", lambda: void(ctypes.memset(address, value, size)))

    def cuMemcpyHtoDAsync(self, to: int, source: int, size: int, _: object) -> tuple[int]:
        return self.queue("cuMemcpyHtoDAsync", lambda: void(ctypes.memmove(to, source, size)))

    def cuMemcpyDtoHAsync(self, to: int, source: int, size: int, _: object) -> tuple[int]:
        return self.queue("cuMemcpyDtoHAsync", lambda: void(ctypes.memmove(to, source, size)))

    def cuStreamCreate(self, _: int) -> tuple[int, int]:
        return DONE, next(self._numbers)

    def cuStreamDestroy(self, _: object) -> tuple[int]:
        return (DONE,)

    def cuStreamSynchronize(self, _: object) -> tuple[int]:
        self._note("cuStreamSynchronize")
        self.on_wait()
        return (DONE,)

    def cuStreamBeginCapture(self, _: object, mode: int) -> tuple[int]:
        self._note("cuStreamBeginCapture")
        assert self._recording is None
        self._recording = []
        return (DONE,)

    def cuStreamEndCapture(self, _: object) -> tuple[int, list[Callable[[], None]]]:
        recorded, self._recording = self._recording, None
        assert recorded is not None
        return DONE, recorded

    def cuGraphInstantiate(self, graph: object, _: int) -> tuple[int, object]:
        return DONE, graph

    def cuGraphDestroy(self, _: object) -> tuple[int]:
        return (DONE,)

    cuGraphExecDestroy = cuGraphDestroy

    def cuGraphLaunch(self, recorded: list[Callable[[], None]], _: object) -> tuple[int]:
        self._note("cuGraphLaunch")
        for work in recorded:
            work()
        return (DONE,)


def void(_: object) -> None:
    """Drop what a call returns."""


class ContextDouble:
    """Shapes and addresses of the tensors of a plan, as a context of TensorRT keeps them."""

    def __init__(self) -> None:
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.addresses: dict[str, int] = {}

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        self.shapes[name] = tuple(shape)
        return True

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return self.shapes[name]

    def set_tensor_address(self, name: str, address: int) -> None:
        self.addresses[name] = address


class PlanDouble(LoadedPlan):
    """A plan that onnxruntime computes; streams, tables and recordings are the real ones."""

    def __init__(self, file: GraphFile, driver: DriverDouble, most_rows: int) -> None:
        self._graph = OnnxGraph(file.content)
        self._driver = driver
        self.spec = self._graph.spec
        self.most_rows = most_rows

    def new_context(self) -> Any:
        return _FittingContext(self)

    def recordable(self, context: Any, stream: Any) -> bool:
        return True

    def enqueue(self, context: Any, stream: Any) -> None:
        addresses, shapes = dict(context.addresses), dict(context.shapes)
        self._driver.queue("plan", lambda: self._compute(addresses, shapes))

    def results_of(self, shapes: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
        """Return the shapes of results for feeds of some shapes."""
        feeds = {t.name: np.zeros(shapes[t.name], t.dtype) for t in self.spec.feeds}
        room = len(next(iter(feeds.values())))
        outputs = self._graph.run({**feeds, **{t.name: t.zeros(room) for t in self.spec.pasts}})
        return {t.name: a.shape for t, a in zip(self.spec.outputs, outputs, strict=True)}

    def _compute(self, addresses: dict[str, int], shapes: dict[str, tuple[int, ...]]) -> None:
        feeds = {
            t.name: _array(addresses[t.name], shapes[t.name], t.dtype) for t in self.spec.feeds
        }
        room = len(next(iter(feeds.values())))
        rows = np.zeros(0, np.int64)
        tables: dict[str, np.ndarray] = {}
        if self.spec.pasts:
            rows = _array(addresses[ROWS], (room,), "int64")
            for past in self.spec.pasts:
                tables[past.name] = _array(addresses[past.name], shapes[past.name], past.dtype)
                feeds[past.name] = np.ascontiguousarray(
                    np.moveaxis(tables[past.name][rows], 0, past.row_axis)
                )
        found = dict(zip((t.name for t in self.spec.outputs), self._graph.run(feeds), strict=True))
        sizes = np.zeros(room, np.float32)
        for past in self.spec.pasts:
            new = np.moveaxis(found.pop(NEXT + past.name), past.row_axis, 0)
            sizes += np.abs(new).reshape(room, -1).sum(1)
            written = _array(addresses[NEXT + past.name], shapes[past.name], past.dtype)
            written[...] = tables[past.name]
            written[rows] = new
        for tensor in self.spec.results:
            _array(addresses[tensor.name], found[tensor.name].shape, tensor.dtype)[...] = found[
                tensor.name
            ]
        if self.spec.pasts:
            _array(addresses[SIZE], (room,), "float32")[...] = sizes


class _FittingContext(ContextDouble):
    """A context that knows the shapes of results from those of the feeds."""

    def __init__(self, plan: PlanDouble) -> None:
        super().__init__()
        self._plan = plan

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        room = self.shapes[self._plan.spec.feeds[0].name][0]
        return (room,) if name == SIZE else self._plan.results_of(self.shapes)[name]


def _array(address: int, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    count = int(np.prod(shape))
    size = count * np.dtype(dtype).itemsize
    block = memoryview((ctypes.c_char * size).from_address(address))
    found: np.ndarray = np.frombuffer(block, dtype).reshape(shape)
    return found
