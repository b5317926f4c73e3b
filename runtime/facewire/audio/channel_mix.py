"""Several channels to one: their average, or the strongest where the average would cancel."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from facewire.frames import Samples

_BLOCKS_PER_SECOND = 100
"""How often it is decided: always at the same samples, however the input is cut."""
_MEMORY_S = 0.2
"""Time constant over which levels are compared."""
_FEWEST_BLOCKS = 5
"""Blocks with sound before the first decision."""
_CANCELS, _AGREES = 0.25, 0.5
"""Power of the average, where independent channels have 1: below the first it is cancelled, above
the second it is not any more. A single channel among silent ones has 1, equal channels have more;
1 + r is what two of the same power and the correlation r have."""
_STRONGER = 4.0
"""By how much another channel has more power before it takes over."""
_FULL_SCALE = 32_768
_QUIET = (_FULL_SCALE * 1e-3) ** 2
"""Power of what is too quiet to decide on: -60 dB."""

_AVERAGE = -1


class ChannelMix:
    """One stream's way from [T, channels] to mono; how a sample is mixed depends on earlier ones.

    Powers are summed as integers, so that sums do not depend on the order either.
    """

    def __init__(self, channels: int, sample_rate: int, on_cancel: Callable[[], None]) -> None:
        """Get ready; `on_cancel` is called when the channels cancel for the first time."""
        self._channels = channels
        self._block = max(1, sample_rate // _BLOCKS_PER_SECOND)
        self._decay = math.exp(-1 / (_MEMORY_S * _BLOCKS_PER_SECOND))
        self._on_cancel = on_cancel
        self._told = False
        self._filled = 0
        """Samples of the block that has begun."""
        self._sums = [0] * (channels + 1)
        """Of the squares in that block: of each channel, and of the average."""
        self._levels = [0.0] * (channels + 1)
        self._blocks = 0
        self._before = self._now = _AVERAGE
        """Which channel is heard; a block in which they differ fades from one to the other."""

    def mix(self, columns: NDArray[np.float32]) -> Samples:
        """Return the samples [T] of [T, channels] within [-1, 1]."""
        # Column by column, because the order of a sum decides its last bit.
        total = columns[:, 0].copy()
        for channel in range(1, self._channels):
            total += columns[:, channel]
        average: Samples = total / np.float32(self._channels)
        if self._channels == 1 or not len(average):
            return average
        first = self._block - self._filled
        starts = [0, *range(first, len(average), self._block)]
        powers = self._powers(columns, average, starts)
        mixed = average
        for start, end, power in zip(starts, [*starts[1:], len(average)], powers, strict=True):
            if not self._before == self._now == _AVERAGE:
                mixed = average.copy() if mixed is average else mixed
                mixed[start:end] = self._heard(columns[start:end], average[start:end])
            self._sums = [one + other for one, other in zip(self._sums, power, strict=True)]
            self._filled += end - start
            if self._filled == self._block:
                self._end_block()
        return mixed

    def _powers(
        self, columns: NDArray[np.float32], average: Samples, starts: list[int]
    ) -> list[list[int]]:
        """Return the sums of squares of each run of samples, [runs, channels + 1]."""
        scaled = np.empty((self._channels + 1, len(average)), np.int32)
        np.rint(columns.T * np.float32(_FULL_SCALE), out=scaled[:-1], casting="unsafe")
        np.rint(average * np.float32(_FULL_SCALE), out=scaled[-1], casting="unsafe")
        scaled *= scaled
        sums: list[list[int]] = np.add.reduceat(scaled, starts, axis=1, dtype=np.int64).T.tolist()
        return sums

    def _heard(self, columns: NDArray[np.float32], average: Samples) -> Samples:
        """Return part of a block in which not just the average is heard."""
        before = average if self._before == _AVERAGE else columns[:, self._before]
        now = average if self._now == _AVERAGE else columns[:, self._now]
        if self._before == self._now:
            return now
        place = np.arange(self._filled, self._filled + len(average))
        share: Samples = ((place + 1) / self._block).astype(np.float32)
        faded: Samples = (before + (now - before) * share).astype(np.float32, copy=False)
        return faded

    def _end_block(self) -> None:
        sums, self._sums = self._sums, [0] * (self._channels + 1)
        self._filled = 0
        self._before = self._now
        if sum(sums[:-1]) < _QUIET * self._block:
            return
        self._blocks += 1
        self._levels = [
            self._decay * level + power for level, power in zip(self._levels, sums, strict=True)
        ]
        if self._blocks >= _FEWEST_BLOCKS:
            self._now = self._decide()
        if self._now != _AVERAGE and not self._told:
            self._told = True
            self._on_cancel()

    def _decide(self) -> int:
        *levels, mixed = self._levels
        strongest = max(range(self._channels), key=levels.__getitem__)
        independent = sum(levels) / self._channels**2
        if self._now == _AVERAGE:
            return strongest if mixed < _CANCELS * independent else _AVERAGE
        if mixed > _AGREES * independent:
            return _AVERAGE
        return strongest if levels[strongest] > _STRONGER * levels[self._now] else self._now
