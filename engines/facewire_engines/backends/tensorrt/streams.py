"""Streams whose pasts are tables in the GPU's memory, stepped by a plan in row form.

There are two of each table. A step reads one and writes the other, then they change places. Copies
and run are recorded together, for each number of rows and each direction, and replayed as a whole.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from facewire_engines.backends.cuda_driver import CudaStream, DeviceArray, PinnedArray, use_gpu
from facewire_engines.backends.graph import NEXT, Array, Indices
from facewire_engines.backends.tensorrt.loaded_plan import LoadedPlan
from facewire_engines.backends.tensorrt.step import Tables, TensorrtStep


class TensorrtStreams:
    """The pasts of up to `capacity` streams, and a row for nobody."""

    def __init__(self, plan: LoadedPlan, capacity: int) -> None:
        use_gpu()
        self._plan = plan
        self._stream = CudaStream()
        self._pasts = plan.spec.pasts
        self._capacity = capacity
        self.count = capacity + 1
        """Rows of the tables; the last is nobody's."""
        self._row_bytes = {past.name: past.zeros(1).nbytes for past in self._pasts}
        sizes = {name: self.count * size for name, size in self._row_bytes.items()}
        self._tables: tuple[Tables, Tables] = (
            {name: DeviceArray(size) for name, size in sizes.items()},
            {name: DeviceArray(size) for name, size in sizes.items()},
        )
        self._steps: dict[int, TensorrtStep] = {}
        self._sizes = np.zeros(0, np.float32)

    def reset(self, row: int) -> None:
        """Let a stream begin anew: its pasts are zeros."""
        use_gpu()
        for name, size in self._row_bytes.items():
            self._stream.clear(self._tables[0][name].address + row * size, size)

    def step(self, rows: Indices, feeds: Mapping[str, Array]) -> list[Array]:
        """Run some streams one step further; the others stay as they are.

        Raises:
            EngineError: the GPU failed, for instance out of memory.
        """
        use_gpu()
        most = self._plan.most_rows
        parts: list[list[Array]] = []
        sizes: list[Array] = []
        for first in range(0, len(rows), most):
            part = slice(first, first + most)
            fed = {name: array[part] for name, array in feeds.items()}
            results, size = self._step(rows[part], fed)
            parts.append(results)
            sizes.append(size)
        self._sizes = np.concatenate(sizes)
        if len(parts) == 1:
            return parts[0]
        return [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]

    def finite(self, rows: Indices) -> NDArray[np.bool_]:
        """Tell which streams of the last step remember finite numbers only, `[B]`."""
        assert len(rows) == len(self._sizes)
        return np.asarray(np.isfinite(self._sizes))

    def remember(self, pasts: Mapping[str, Array]) -> None:
        """Give every stream a past, in the shapes of the graph's inputs."""
        use_gpu()
        for past in self._pasts:
            rows = np.ascontiguousarray(np.moveaxis(pasts[past.name], past.row_axis, 0))
            host = PinnedArray(rows.shape, past.dtype)
            host.array[...] = rows
            self._stream.upload(self._tables[0][past.name], host)
            self._stream.wait()

    def remembered(self) -> dict[str, Array]:
        """Return the past of every stream, by the names and in the shapes of the outputs."""
        use_gpu()
        found = {}
        for past in self._pasts:
            shape = np.moveaxis(past.zeros(self._capacity), past.row_axis, 0).shape
            host = PinnedArray(shape, past.dtype)
            self._stream.download(host, self._tables[0][past.name])
            self._stream.wait()
            found[NEXT + past.name] = np.moveaxis(host.array.copy(), 0, past.row_axis)
        return found

    def _step(self, rows: Indices, feeds: Mapping[str, Array]) -> tuple[list[Array], Array]:
        room = min(1 << (len(rows) - 1).bit_length(), self._plan.most_rows)
        step = self._steps.get(room)
        if step is None:
            shapes = {name: (room, *array.shape[1:]) for name, array in feeds.items()}
            step = self._steps[room] = TensorrtStep(self._plan, self._stream, shapes, self.count)
            filler = {name: array[:0] for name, array in feeds.items()}
            # Nobody's row is all that this changes, in tables that are then written anew.
            step.run(rows[:0], filler, self._tables)
        found = step.run(rows, feeds, self._tables)
        self._tables = (self._tables[1], self._tables[0])
        return found
