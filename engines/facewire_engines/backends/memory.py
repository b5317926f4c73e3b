"""Too little memory, of a GPU or of the machine: one sentence, whatever library ran out of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from facewire.errors import CapacityError, EngineError

GPU_FULL = (
    "the GPU has too little free memory; end other programs that use it, or choose --backend onnx"
)
MACHINE_FULL = (
    "this machine has too little free memory; end other programs, or run the engine for fewer "
    "sessions"
)
_WORDS = (
    "out of memory",
    "outofmemory",
    "allocate memory",
    "bad allocation",
    "bad_alloc",
    "alloc_failed",
)
"""How NVIDIA's libraries, torch and onnxruntime put it, in small letters."""


class OutOfMemoryError(EngineError):
    """A GPU or the machine has too little free memory."""


def says_out_of_memory(text: str) -> bool:
    """Tell whether a library complains about too little memory."""
    return any(word in text.lower() for word in _WORDS)


@contextmanager
def room_for_a_session() -> Iterator[None]:
    """Let a session be refused, as one too many, where there is no memory for it.

    Raises:
        CapacityError: there is not.
    """
    try:
        yield
    except OutOfMemoryError as error:
        raise CapacityError(
            "there is too little memory for one more session; try again later, or share the "
            f"sessions among more machines ({str(error).partition(';')[0]})"
        ) from error
