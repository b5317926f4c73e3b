"""Streams whose pasts are numpy arrays: for back-ends that run on the processor."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from facewire_engines.backends.graph import NEXT, Array, Graph, Indices
from facewire_engines.backends.memory import MACHINE_FULL, OutOfMemoryError


class HostStreams:
    """The pasts of up to `capacity` streams, a row for each in arrays of numpy."""

    def __init__(self, graph: Graph, capacity: int) -> None:
        spec = graph.spec
        names = [tensor.name for tensor in spec.outputs]
        self._graph = graph
        self._capacity = capacity
        try:
            self._pasts: dict[str, Array] = {past.name: past.zeros(capacity) for past in spec.pasts}
        except MemoryError as error:
            raise OutOfMemoryError(MACHINE_FULL) from error
        self._axes = {past.name: past.row_axis for past in spec.pasts}
        self._nexts = {past.name: names.index(NEXT + past.name) for past in spec.pasts}
        self._results = [names.index(tensor.name) for tensor in spec.results]

    def reset(self, row: int) -> None:
        """Let a stream begin anew: its pasts are zeros."""
        for name, axis in self._axes.items():
            self._pasts[name][(slice(None),) * axis + (row,)] = 0

    def step(self, rows: Indices, feeds: Mapping[str, Array]) -> list[Array]:
        """Run some streams one step further; the others stay as they are.

        Raises:
            EngineError: the back-end failed.
        """
        alone = self._capacity == 1
        pasts = self._pasts
        if not alone:
            pasts = {name: past.take(rows, self._axes[name]) for name, past in pasts.items()}
        outputs = self._graph.run({**feeds, **pasts})
        for name, place in self._nexts.items():
            if alone:
                self._pasts[name] = outputs[place]
            else:
                self._pasts[name][(slice(None),) * self._axes[name] + (rows,)] = outputs[place]
        return [outputs[place] for place in self._results]

    def finite(self, rows: Indices) -> NDArray[np.bool_]:
        """Tell which streams remember finite numbers only, `[B]`."""
        sound = np.ones(len(rows), np.bool_)
        for name, axis in self._axes.items():
            past = self._pasts[name].take(rows, axis)
            others = tuple(place for place in range(past.ndim) if place != axis)
            sound &= np.isfinite(past).all(others)
        return sound
