"""A rational resampler with a short filter: what a live source needs, 1.5 ms late at 16 kHz.

The library's resampler works in blocks by FFT and holds 20 to 120 ms back, which is nothing for a
file and half of the look-ahead for a microphone. This one evaluates a Kaiser-windowed sinc at each
output sample (Crochiere & Rabiner, "Multirate Digital Signal Processing", 1983, chapter 4). Where
two rates have so little in common that every output needs a filter of its own, it lies between
two of a table (Smith & Gossett, "A flexible sampling-rate conversion method", ICASSP 1984).
"""

from fractions import Fraction
from functools import lru_cache
from math import ceil

import numpy as np
from numpy.typing import NDArray

from facewire.frames import Samples

LOBES = 24
"""Zero crossings of the sinc on each side, at the lower of the two rates: the delay."""
KAISER_BETA = 7.0
"""About 70 dB of stop band."""
_LARGEST_KERNEL = 1 << 16
"""Values of a filter that is tabulated exactly; all usual rates have less than half as many."""
_ROWS_PER_LOBE = 256
"""Of a table to look between: linear interpolation is then wrong by -104 dB of a value at most."""
_BLOCK = 4096
"""Outputs computed at once, which bounds the memory of one push."""


class PolyphaseResampler:
    """One mono stream from one rate to another; sample 0 in is sample 0 out."""

    def __init__(self, rate_in: int, rate_out: int) -> None:
        ratio = Fraction(rate_out, rate_in)
        self._up, self._down = ratio.numerator, ratio.denominator
        scale = min(1.0, float(ratio))
        self._half = ceil(LOBES / scale)
        self._exact = self._up * 2 * self._half <= _LARGEST_KERNEL
        self._phases = self._up if self._exact else ceil(_ROWS_PER_LOBE * scale)
        self._kernel = sinc_kernel(self._phases, self._half, scale)
        self._buffer: Samples = np.zeros(self._half - 1, np.float32)
        self._origin = 1 - self._half
        self._made = 0

    def push(self, samples: Samples) -> Samples:
        """Take [T] samples and return [N], all that no later sample can change."""
        self._buffer = np.concatenate((self._buffer, samples))
        known = self._origin + len(self._buffer) - self._half
        ready = max(-(-known * self._up // self._down), self._made)
        pieces = [
            self._evaluate(first, min(first + _BLOCK, ready))
            for first in range(self._made, ready, _BLOCK)
        ]
        self._made = ready
        self._forget()
        return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)

    def flush(self) -> Samples:
        """Return what is still held back, as if silence followed."""
        return self.push(np.zeros(self._half, np.float32))

    def _evaluate(self, first: int, last: int) -> Samples:
        position = np.arange(first, last) * self._down
        start = position // self._up - (self._half - 1) - self._origin
        windows = np.lib.stride_tricks.sliding_window_view(self._buffer, 2 * self._half)
        heard, phase = windows[start], position % self._up
        if self._exact:
            return self._weigh(heard, phase)
        place = phase * self._phases
        share: Samples = (place % self._up / self._up).astype(np.float32)
        row = place // self._up
        before, after = self._weigh(heard, row), self._weigh(heard, row + 1)
        after -= before
        after *= share
        return np.add(before, after, dtype=np.float32)

    def _weigh(self, windows: Samples, rows: NDArray[np.int64]) -> Samples:
        weighed: Samples = np.einsum("nt,nt->n", windows, self._kernel[rows])
        return weighed

    def _forget(self) -> None:
        oldest = self._made * self._down // self._up - (self._half - 1)
        self._buffer = self._buffer[oldest - self._origin :].copy()
        self._origin = oldest


@lru_cache(maxsize=8)
def sinc_kernel(phases: int, half: int, scale: float) -> NDArray[np.float32]:
    """Return the filter [phases + 1, 2 * half]: rows for positions from one input to the next."""
    fraction = np.arange(phases + 1)[:, None] / phases
    time = np.arange(1 - half, half + 1)[None, :] - fraction
    inside = np.clip(1.0 - (time / half) ** 2, 0.0, None)
    taps = np.sinc(scale * time) * np.i0(KAISER_BETA * np.sqrt(inside))
    kernel: NDArray[np.float32] = (taps / taps.sum(axis=1, keepdims=True)).astype(np.float32)
    kernel.flags.writeable = False
    return kernel
