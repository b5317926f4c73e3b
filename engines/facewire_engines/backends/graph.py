"""What a graph is: a compiled network without state, and the streams that run through it.

Inputs and outputs have names. A *past* is an input whose next value is the output `next_<input>`;
everything that a stream remembers is in its pasts. The dimension of a tensor that counts streams
is called `batch`. A back-end is a class that keeps `Graph`; which one runs changes no face by more
than its precision allows (see `facewire engine check`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from facewire.errors import EngineError

Array = NDArray[Any]
"""Of the tensor's dtype, in C order."""
Indices = NDArray[np.int64]

NEXT = "next_"
"""What an output that is a past's next value is called, before the name of the past."""
BATCH = "batch"


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output."""

    name: str
    shape: tuple[int | str, ...]
    """Sizes; a dimension that is open has a name instead."""
    dtype: str
    """As numpy spells it, such as `float32`."""

    @property
    def row_axis(self) -> int:
        """Which dimension counts streams.

        Raises:
            EngineError: none does.
        """
        if BATCH not in self.shape:
            raise EngineError(
                f"no dimension of the tensor {self.name!r} is called {BATCH!r}; export it again"
            )
        return self.shape.index(BATCH)

    def zeros(self, batch: int) -> Array:
        """Return zeros for so many streams; other open dimensions are 1."""
        sizes = {BATCH: batch}
        shape = [sizes.get(size, 1) if isinstance(size, str) else size for size in self.shape]
        return np.zeros(shape, self.dtype)


@dataclass(frozen=True, slots=True)
class GraphSpec:
    """The tensors of a graph, in its own order."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    @property
    def pasts(self) -> tuple[TensorSpec, ...]:
        """Inputs that are outputs of the step before."""
        named = {tensor.name for tensor in self.outputs}
        return tuple(tensor for tensor in self.inputs if NEXT + tensor.name in named)

    @property
    def feeds(self) -> tuple[TensorSpec, ...]:
        """Inputs that are no pasts: what a stream hears."""
        pasts = self.pasts
        return tuple(tensor for tensor in self.inputs if tensor not in pasts)

    @property
    def results(self) -> tuple[TensorSpec, ...]:
        """Outputs that are no pasts: what a stream says."""
        nexts = {NEXT + tensor.name for tensor in self.pasts}
        return tuple(tensor for tensor in self.outputs if tensor.name not in nexts)

    def require(self, inputs: Sequence[str]) -> None:
        """Refuse a graph that takes anything else than these inputs, in this order.

        Raises:
            EngineError: it does.
        """
        found = [tensor.name for tensor in self.inputs]
        if found != list(inputs):
            raise EngineError(
                f"the model takes {', '.join(found)}, but its engine feeds {', '.join(inputs)}; "
                "export the model with this version of Facewire"
            )


class Streams(Protocol):
    """The pasts of up to `capacity` streams, kept where the graph runs. Used by one thread."""

    def reset(self, row: int) -> None:
        """Let a stream begin anew: its pasts are zeros."""
        ...

    def step(self, rows: Indices, feeds: Mapping[str, Array]) -> list[Array]:
        """Run some streams one step further; the others stay as they are.

        Args:
            rows: `[B]` which streams, each at most once.
            feeds: `spec.feeds` by name, row `b` of each for stream `rows[b]`.

        Returns:
            `spec.results` in order; the caller may keep them.

        Raises:
            EngineError: the back-end failed, for instance out of memory.
        """
        ...

    def finite(self, rows: Indices) -> NDArray[np.bool_]:
        """Tell which streams remember finite numbers only, `[B]`; one that does not is lost.

        Args:
            rows: those of the last step.
        """
        ...


class Graph(Protocol):
    """A network as one back-end runs it. Holds no stream, so any thread may use it."""

    @property
    def backend(self) -> str:
        """What runs it, and in which precision, such as `onnx` or `tensorrt:fp16`."""
        ...

    @property
    def spec(self) -> GraphSpec:
        """Its tensors."""
        ...

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        """Run once, without any memory: `spec.inputs` by name in, `spec.outputs` in order out.

        Raises:
            EngineError: the back-end failed, for instance out of memory.
        """
        ...

    def streams(self, capacity: int) -> Streams:
        """Return room for so many streams, all of which begin with zeros.

        Raises:
            EngineError: there is not enough memory.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class GraphFile:
    """A graph as a model has it, before a back-end compiles it."""

    model: str
    """Name of the model."""
    name: str
    """Name of the file, such as `encoder.onnx`."""
    content: bytes
    """ONNX."""
    sha256: str


GraphLoader = Callable[[GraphFile], Graph]
"""A back-end: compiles a graph, or raises EngineError with one sentence that says why not."""
