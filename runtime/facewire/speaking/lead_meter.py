"""How early faces are: measured where they leave, against when their audio is due."""

from collections.abc import Callable

import numpy as np

from facewire.clock import MILLISECOND, Clock
from facewire.frames import BlendshapeFrame, StreamSpec


class LeadMeter:
    """A sink that takes no face anywhere, and notes when each came."""

    lossless = True
    name = "lead meter"

    def __init__(self, due: Callable[[int], int], clock: Clock) -> None:
        self.first = 0
        """When the first face came, in ns; 0 before."""
        self._due = due
        self._clock = clock
        self._leads: list[int] = []

    async def open(self, spec: StreamSpec, engine: str) -> None:
        """Nothing has to be opened."""

    async def send(self, frame: BlendshapeFrame) -> None:
        """Note how long before its audio a face came."""
        now = self._clock.now()
        self.first = self.first or now
        self._leads.append(self._due(frame.timestamp) - now)

    async def aclose(self) -> None:
        """Keep what was measured."""

    def least_ms(self) -> float:
        """Return the shortest lead of any face, in ms; below 0 if one came too late."""
        return min(self._leads) / MILLISECOND

    def median_ms(self) -> float:
        """Return the lead that half of the faces exceed, in ms."""
        return float(np.median(self._leads)) / MILLISECOND
