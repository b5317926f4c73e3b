"""The library torch: loaded when it is wanted, and its failures in one sentence."""

import sys
from typing import Any

from facewire.errors import EngineError
from facewire.optional_dependency import import_optional
from facewire_engines.backends.memory import (
    GPU_FULL,
    MACHINE_FULL,
    OutOfMemoryError,
    says_out_of_memory,
)


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


class TorchErrors:
    """Turns what torch raises into one sentence."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, EngineError) or not isinstance(error, Exception):
            return
        first = (str(error) or type(error).__name__).splitlines()[0]
        if isinstance(error, self._torch.OutOfMemoryError | MemoryError) or says_out_of_memory(
            first
        ):
            on_gpu = any(word in first for word in ("CUDA", "CUBLAS", "CUDNN"))
            raise OutOfMemoryError(GPU_FULL if on_gpu else MACHINE_FULL) from error
        raise EngineError(f"torch cannot run the model: {first}") from error
