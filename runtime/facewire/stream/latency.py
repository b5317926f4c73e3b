"""How long frames took at each stage: collected from their stamps, told as percentiles."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facewire.clock import MILLISECOND
from facewire.frames import Stamps

STAGES: Mapping[str, tuple[str, str]] = {
    "queue": ("captured", "started"),
    "encode": ("started", "encoded"),
    "decode": ("encoded", "decoded"),
    "face": ("decoded", "faced"),
    "total": ("captured", "faced"),
}
"""From which stamp to which each stage lasts."""

RECENT = 100_000
"""How many frames are remembered: about half an hour at 60 a second."""

_UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Percentiles:
    """How a duration is distributed, in milliseconds."""

    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


def percentiles(durations: NDArray[np.int64]) -> Percentiles:
    """Summarise durations in ns, `[N]` with N at least 1."""
    p50, p95, p99 = np.percentile(durations, (50, 95, 99)) / MILLISECOND
    longest = float(durations.max()) / MILLISECOND
    return Percentiles(len(durations), float(p50), float(p95), float(p99), longest)


class StageLatencies:
    """The durations of the most recent frames, in memory that does not grow without end."""

    def __init__(self, capacity: int = RECENT) -> None:
        if capacity < 1:
            raise ValueError(f"latencies need room for at least one frame, not {capacity}")
        self._rows = np.empty((capacity, len(STAGES)), np.int64)
        self._added = 0

    def __len__(self) -> int:
        return min(self._added, len(self._rows))

    def add(self, stamps: Stamps) -> None:
        """Remember one frame; stages whose stamps are unknown are left out."""
        self._rows[self._added % len(self._rows)] = [
            _duration(getattr(stamps, begin), getattr(stamps, end))
            for begin, end in STAGES.values()
        ]
        self._added += 1

    def durations(self, stage: str) -> NDArray[np.int64]:
        """Return the known durations of a stage of `STAGES` in ns, `[N]`, in no order."""
        column: NDArray[np.int64] = self._rows[: len(self), list(STAGES).index(stage)]
        return np.extract(column != _UNKNOWN, column)

    def percentiles(self) -> dict[str, Percentiles]:
        """Return the distribution of each stage of which anything is known."""
        known = {stage: self.durations(stage) for stage in STAGES}
        return {stage: percentiles(found) for stage, found in known.items() if len(found)}


def _duration(begin: int, end: int) -> int:
    return end - begin if begin and end >= begin else _UNKNOWN
