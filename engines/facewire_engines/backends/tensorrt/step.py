"""A run of a plan with so many rows: its context, its memory on both sides, and its recordings."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from facewire.errors import EngineError
from facewire_engines.backends.cuda_driver import CudaStream, DeviceArray, PinnedArray, Recording
from facewire_engines.backends.graph import NEXT, Array, Indices
from facewire_engines.backends.onnx_surgery import ROWS, SIZE
from facewire_engines.backends.tensorrt.loaded_plan import LoadedPlan

Tables = dict[str, DeviceArray]
"""The pasts of all streams, by name."""


class _Pair:
    """The same array here and on the GPU."""

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        self.host = PinnedArray(shape, dtype)
        self.device = DeviceArray(self.host.array.nbytes)


class TensorrtStep:
    """Steps up to so many rows; rows that are left over belong to nobody."""

    def __init__(
        self,
        plan: LoadedPlan,
        stream: CudaStream,
        shapes: Mapping[str, tuple[int, ...]],
        streams: int,
    ) -> None:
        """Take what a run needs.

        Args:
            plan: what is run.
            stream: where runs are queued.
            shapes: of the graph's feeds, with as many rows as a run shall have.
            streams: how many rows the tables have; the last is nobody's.

        Raises:
            EngineError: the GPU has too little memory, or the plan does not take these shapes.
        """
        spec = plan.spec
        self._plan = plan
        self._stream = stream
        self._nobody = streams - 1
        self._context: Any = plan.new_context()
        self._given = {t.name: _Pair(shapes[t.name], t.dtype) for t in spec.feeds}
        room = len(self._given[spec.feeds[0].name].host.array)
        if spec.pasts:
            self._given[ROWS] = _Pair((room,), "int64")
        for name, pair in self._given.items():
            self._set_shape(name, pair.host.array.shape)
        for past in spec.pasts:
            rest = np.moveaxis(past.zeros(1), past.row_axis, 0).shape[1:]
            self._set_shape(past.name, (streams, *rest))
        results = {t.name: t.dtype for t in spec.results}
        self._found = {
            name: _Pair(tuple(self._context.get_tensor_shape(name)), dtype)
            for name, dtype in (results | ({SIZE: "float32"} if spec.pasts else {})).items()
        }
        self._results = list(results)
        for name, pair in (self._given | self._found).items():
            self._context.set_tensor_address(name, pair.device.address)
        self._recordings: dict[int, Recording] = {}
        """By the address of the tables that they read."""
        self._recordable = plan.recordable(self._context, stream)

    def run(
        self, rows: Indices, feeds: Mapping[str, Array], tables: tuple[Tables, Tables]
    ) -> tuple[list[Array], Array]:
        """Step some rows of the first tables, and write all rows to the second ones.

        Args:
            rows: `[B]`, at most as many as there is room for.
            feeds: by name, `[B, ...]`.
            tables: what is read, and what is written.

        Returns:
            The graph's results, and the size of each row's pasts, `[B]`.

        Raises:
            EngineError: the GPU failed.
        """
        count = len(rows)
        for name, array in feeds.items():
            self._given[name].host.array[:count] = array
        if ROWS in self._given:
            self._given[ROWS].host.array[:count] = rows
            self._given[ROWS].host.array[count:] = self._nobody
        self._go(tables)
        self._stream.wait()
        found = [self._found[name].host.array[:count].copy() for name in self._results]
        size = self._found[SIZE].host.array if SIZE in self._found else np.zeros(count, np.float32)
        return found, size[:count].copy()

    def _go(self, tables: tuple[Tables, Tables]) -> None:
        """Replay the run, or queue it if there is no recording; the second time it gets one."""
        key = next((table.address for table in tables[0].values()), 0)
        recording = self._recordings.get(key)
        if recording is not None:
            self._stream.replay(recording)
            return
        self._bind(tables)
        self._queue()
        if self._recordable:
            # Libraries choose and compile in the first run, so it is done before it is recorded.
            self._stream.wait()
            try:
                self._recordings[key] = self._record()
            except EngineError:
                self._recordable = False

    def _record(self) -> Recording:
        self._stream.begin_recording()
        try:
            self._queue()
        except EngineError:
            # A recording that failed has to be ended all the same.
            self._stream.end_recording()
            raise
        return self._stream.end_recording()

    def _bind(self, tables: tuple[Tables, Tables]) -> None:
        for name in tables[0]:
            self._context.set_tensor_address(name, tables[0][name].address)
            self._context.set_tensor_address(NEXT + name, tables[1][name].address)

    def _queue(self) -> None:
        for pair in self._given.values():
            self._stream.upload(pair.device, pair.host)
        self._plan.enqueue(self._context, self._stream)
        for pair in self._found.values():
            self._stream.download(pair.host, pair.device)

    def _set_shape(self, name: str, shape: tuple[int, ...]) -> None:
        if not self._context.set_input_shape(name, shape):
            raise EngineError(
                f"the plan does not take {name!r} of the shape {shape}; build it again with: "
                "facewire engine build --rebuild"
            )
