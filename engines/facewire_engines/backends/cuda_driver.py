"""NVIDIA's driver through cuda-python: the GPU at hand, its memory, its streams and recordings.

Every failure of a call becomes an EngineError that says what to do.
"""

import ctypes
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from facewire.errors import EngineError
from facewire.optional_dependency import import_optional
from facewire_engines.backends.graph import Array
from facewire_engines.backends.memory import GPU_FULL, OutOfMemoryError


@dataclass(frozen=True, slots=True)
class Gpu:
    """The first GPU of the machine."""

    name: str
    target: str
    """Its kind of processor, such as `sm_89`."""
    memory: int
    """Bytes."""
    driver: str
    """The newest version of CUDA that its driver knows, such as `13.0`."""


def driver_is_there() -> bool:
    """Tell whether NVIDIA's driver is installed, at no cost and without cuda-python."""
    library = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def find_gpu() -> Gpu:
    """Return the GPU at hand.

    Raises:
        EngineError: there is none, or no driver for it, or cuda-python is not installed.
    """
    driver = _driver()
    (count,) = call("cuDeviceGetCount")
    if not count:
        raise EngineError("there is no NVIDIA GPU here; choose --backend onnx")
    (device,) = call("cuDeviceGet", 0)
    (name,) = call("cuDeviceGetName", 100, device)
    attribute = driver.CUdevice_attribute
    (major,) = call(
        "cuDeviceGetAttribute",
        attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
        device,
    )
    (minor,) = call(
        "cuDeviceGetAttribute",
        attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
        device,
    )
    (memory,) = call("cuDeviceTotalMem", device)
    (version,) = call("cuDriverGetVersion")
    return Gpu(
        name=bytes(name).split(b"\0")[0].decode(),
        target=f"sm_{major}{minor}",
        memory=int(memory),
        driver=f"{version // 1000}.{version % 1000 // 10}",
    )


def call(name: str, *arguments: object) -> tuple[Any, ...]:
    """Call a function of the driver, and return what it returns besides its status.

    Raises:
        EngineError: it failed.
    """
    driver = _driver()
    status, *found = getattr(driver, name)(*arguments)
    if status == driver.CUresult.CUDA_SUCCESS:
        return tuple(found)
    if status == driver.CUresult.CUDA_ERROR_OUT_OF_MEMORY:
        raise OutOfMemoryError(GPU_FULL)
    _, text = driver.cuGetErrorString(status)
    reason = text.decode() if isinstance(text, bytes) else str(status)
    raise EngineError(f"the GPU failed in {name} ({reason}); choose --backend onnx")


def use_gpu() -> None:
    """Let this thread's calls go to the GPU; cheap, and needed once in every thread.

    Raises:
        EngineError: there is no GPU.
    """
    call("cuCtxSetCurrent", _context())


@cache
def _driver() -> Any:
    """Return cuda-python's driver module, initialised."""
    need = "NVIDIA's driver is reached through cuda-python"
    command = 'pip install "cuda-bindings>=12.8"'
    driver = import_optional("cuda.bindings.driver", need, command=command, error=EngineError)
    try:
        (status,) = driver.cuInit(0)
    except Exception as error:  # each version of cuda-python has a class for a missing library
        raise EngineError(
            "there is no NVIDIA driver here; install it, or choose --backend onnx"
        ) from error
    if status != driver.CUresult.CUDA_SUCCESS:
        raise EngineError(
            f"NVIDIA's driver does not start ({status.name}): there is no GPU, or the driver is "
            "older than cuda-python; update it, or choose --backend onnx"
        )
    return driver


@cache
def _context() -> Any:
    """Return the primary context of the first GPU, which torch and others share."""
    (device,) = call("cuDeviceGet", 0)
    (context,) = call("cuDevicePrimaryCtxRetain", device)
    return context


class DeviceArray:
    """Memory of the GPU, filled with zeros; freed with the object."""

    def __init__(self, size: int) -> None:
        """Take so many bytes.

        Raises:
            EngineError: there are not so many.
        """
        self.size = max(size, 1)
        self._pointer: Any = None
        (self._pointer,) = call("cuMemAlloc", self.size)
        self.address = int(self._pointer)
        call("cuMemsetD8", self._pointer, 0, self.size)

    def __del__(self) -> None:
        if self._pointer is not None:
            _driver().cuMemFree(self._pointer)


class PinnedArray:
    """An array of numpy in memory that the GPU reads and writes by itself."""

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        """Take the memory and fill it with zeros.

        Raises:
            EngineError: there is too little.
        """
        size = max(int(np.prod(shape)) * np.dtype(dtype).itemsize, 1)
        self._pointer: Any = None
        (self._pointer,) = call("cuMemHostAlloc", size, 0)
        self.address = int(self._pointer)
        block = memoryview((ctypes.c_char * size).from_address(self.address))
        self.array: Array = np.frombuffer(block, dtype, int(np.prod(shape))).reshape(shape)
        self.array[...] = 0

    def __del__(self) -> None:
        if self._pointer is not None:
            _driver().cuMemFreeHost(self._pointer)


class CudaStream:
    """A queue of work for the GPU."""

    def __init__(self) -> None:
        flags = _driver().CUstream_flags.CU_STREAM_NON_BLOCKING
        self._stream: Any = None
        (self._stream,) = call("cuStreamCreate", int(flags))
        self.handle = int(self._stream)

    def __del__(self) -> None:
        if self._stream is not None:
            _driver().cuStreamDestroy(self._stream)

    def upload(self, device: DeviceArray, host: PinnedArray) -> None:
        """Copy to the GPU, in turn."""
        size = host.array.nbytes
        call("cuMemcpyHtoDAsync", device.address, host.address, size, self._stream)

    def download(self, host: PinnedArray, device: DeviceArray) -> None:
        """Copy from the GPU, in turn."""
        size = host.array.nbytes
        call("cuMemcpyDtoHAsync", host.address, device.address, size, self._stream)

    def clear(self, address: int, size: int) -> None:
        """Fill memory of the GPU with zeros, in turn."""
        call("cuMemsetD8Async", address, 0, size, self._stream)

    def wait(self) -> None:
        """Return when all work is done.

        Raises:
            EngineError: some of it failed.
        """
        call("cuStreamSynchronize", self._stream)

    def begin_recording(self) -> None:
        """Record what is queued from now on, instead of doing it."""
        mode = _driver().CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
        call("cuStreamBeginCapture", self._stream, mode)

    def end_recording(self) -> "Recording":
        """Return what was queued.

        Raises:
            EngineError: something in it cannot be recorded.
        """
        (graph,) = call("cuStreamEndCapture", self._stream)
        try:
            (executable,) = call("cuGraphInstantiate", graph, 0)
        finally:
            _driver().cuGraphDestroy(graph)
        return Recording(executable)

    def replay(self, recording: "Recording") -> None:
        """Do what was recorded, in turn."""
        call("cuGraphLaunch", recording.executable, self._stream)


class Recording:
    """Work for the GPU that is handed over as a whole: a CUDA graph."""

    def __init__(self, executable: Any) -> None:
        self.executable = executable

    def __del__(self) -> None:
        _driver().cuGraphExecDestroy(self.executable)
