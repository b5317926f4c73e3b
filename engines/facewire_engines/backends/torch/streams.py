"""Streams whose pasts are torch tensors: rows are read and written where the graph runs.

On a GPU every step is replayed from a recording. A recording has a fixed number of rows, so a step
is filled up with a row that belongs to nobody.
"""

import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewire_engines.backends.graph import NEXT, Array, Indices
from facewire_engines.backends.torch.program import TorchProgram

_GPU = threading.Lock()
"""Held by whoever uses the GPU through torch: nobody else's work may fall into a recording."""

WARM_UPS = 3
"""Runs before a recording: libraries choose their kernels in the first ones."""


@dataclass(slots=True)
class _Recording:
    """A step of so many rows, as the GPU replays it."""

    graph: Any
    rows: Any
    feeds: dict[str, Any]
    results: list[Any]


class TorchStreams:
    """The pasts of up to `capacity` streams, and a row for nobody."""

    def __init__(self, program: TorchProgram, capacity: int) -> None:
        spec = program.spec
        names = [tensor.name for tensor in spec.outputs]
        self._program = program
        self._torch = program.torch
        self._device = program.device
        on_gpu = program.device == "cuda"
        self._turn: AbstractContextManager[object] = _GPU if on_gpu else nullcontext()
        self._nobody = capacity
        with self._turn:
            self._pasts = {p.name: program.upload(p.zeros(capacity + 1)) for p in spec.pasts}
        self._axes = {past.name: past.row_axis for past in spec.pasts}
        self._nexts = {past.name: names.index(NEXT + past.name) for past in spec.pasts}
        self._results = [names.index(tensor.name) for tensor in spec.results]
        self._recordings: dict[int, _Recording] = {}

    def reset(self, row: int) -> None:
        """Let a stream begin anew: its pasts are zeros."""
        with self._program.errors(), self._turn:
            for name, axis in self._axes.items():
                self._pasts[name].select(axis, row).zero_()

    def step(self, rows: Indices, feeds: Mapping[str, Array]) -> list[Array]:
        """Run some streams one step further; the others stay as they are.

        Raises:
            EngineError: torch failed, for instance out of memory.
        """
        torch = self._torch
        with torch.inference_mode(), self._program.errors(), self._turn:
            if self._device == "cuda":
                return self._replay(rows, feeds)
            given = {name: self._program.upload(array) for name, array in feeds.items()}
            results = self._step(self._program.upload(rows), given)
            return [result.numpy() for result in results]

    def finite(self, rows: Indices) -> NDArray[np.bool_]:
        """Tell which streams remember finite numbers only, `[B]`."""
        torch = self._torch
        with self._program.errors(), self._turn:
            places = self._program.upload(rows)
            sound = torch.ones(len(rows), dtype=torch.bool, device=self._device)
            for name, axis in self._axes.items():
                past = self._pasts[name].index_select(axis, places).movedim(axis, 0)
                sound &= torch.isfinite(past).flatten(1).all(1)
            found: NDArray[np.bool_] = sound.cpu().numpy()
        return found

    def _step(self, rows: Any, feeds: Mapping[str, Any]) -> list[Any]:
        pasts = {name: p.index_select(self._axes[name], rows) for name, p in self._pasts.items()}
        outputs = self._program.apply({**feeds, **pasts})
        for name, place in self._nexts.items():
            self._pasts[name].index_copy_(self._axes[name], rows, outputs[place])
        return [outputs[place] for place in self._results]

    def _replay(self, rows: Indices, feeds: Mapping[str, Array]) -> list[Array]:
        count = len(rows)
        room = 1 << (count - 1).bit_length()
        recording = self._recordings.get(room)
        if recording is None:
            recording = self._recordings[room] = self._record(room, feeds)
        filled = np.full(room, self._nobody if self._pasts else 0)
        filled[:count] = rows if self._pasts else 0
        recording.rows.copy_(self._torch.from_numpy(filled))
        for name, array in feeds.items():
            recording.feeds[name][:count].copy_(self._torch.from_numpy(array))
        recording.graph.replay()
        return [result[:count].cpu().numpy() for result in recording.results]

    def _record(self, room: int, feeds: Mapping[str, Array]) -> _Recording:
        """Record a step of so many rows; nobody's row is all that it changes meanwhile."""
        torch = self._torch
        rows = torch.full((room,), self._nobody if self._pasts else 0, device="cuda")
        given = {
            name: self._program.upload(np.zeros((room, *array.shape[1:]), array.dtype))
            for name, array in feeds.items()
        }
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UPS):
                self._step(rows, given)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            results = self._step(rows, given)
        return _Recording(graph, rows, given, results)
