"""Log-mel features as a layer with an explicit past, so that the exported graph holds them."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from facewire_engines.phones.phone_set import TOKEN_RATE

SAMPLE_RATE = 16_000
HOP = SAMPLE_RATE // TOKEN_RATE
WINDOW = 400
BINS = WINDOW // 2 + 1
PAST_SAMPLES = WINDOW - HOP
FLOOR = 1e-7
LOWEST_HZ, HIGHEST_HZ = 60.0, 7_600.0


def _mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert Hz to mel (O'Shaughnessy 1987, the form that HTK uses)."""
    return 2595.0 * np.log10(1.0 + hz / 700.0)


def mel_filters(bands: int, warp: float = 1.0) -> NDArray[np.float32]:
    """Return triangular filters `[bins, bands]`, equally spaced in mel.

    Args:
        bands: number of filters.
        warp: factor on the frequency axis, for vocal tracts of other lengths (VTLP, Jaitly &
            Hinton 2013): above 1 the spectrum is read as if it came from a shorter tract.
    """
    hz = np.arange(BINS) * SAMPLE_RATE / WINDOW
    low, high = _mel(np.array([LOWEST_HZ, HIGHEST_HZ]))
    edges = np.linspace(low, high, bands + 2)
    position = _mel(np.minimum(hz * warp, SAMPLE_RATE / 2))[:, None]
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    rise = (position - left) / (centre - left)
    fall = (right - position) / (right - centre)
    filters: NDArray[np.float32] = np.maximum(np.minimum(rise, fall), 0.0).astype(np.float32)
    return filters


def fourier_kernels() -> NDArray[np.float32]:
    """Return the Hann-windowed cosine and sine rows of the DFT, `[2 * bins, 1, window]`."""
    n = np.arange(WINDOW)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    angles = 2 * np.pi * np.arange(BINS)[:, None] * n / WINDOW
    rows = np.concatenate((np.cos(angles), -np.sin(angles))) * hann
    kernels: NDArray[np.float32] = rows[:, None, :].astype(np.float32)
    return kernels


class LogMel(nn.Module):
    """Normalised log-mel energies, one row for each hop; row `k` sees samples up to `160 (k+1)`."""

    kernels: Tensor
    filters: Tensor

    def __init__(self, bands: int, warps: tuple[float, ...] = (1.0,)) -> None:
        super().__init__()
        filters = np.stack([mel_filters(bands, warp) for warp in warps])
        self.register_buffer("kernels", torch.from_numpy(fourier_kernels()), persistent=False)
        self.register_buffer("filters", torch.from_numpy(filters), persistent=False)

    def forward(
        self, samples: Tensor, past: Tensor, warp: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Map `[B, T * 160]` samples to `[B, T, bands]`, and return the past of the next chunk.

        Args:
            samples: whole hops of audio.
            past: `[B, 240]`, the samples before them; zeros at the start of a stream.
            warp: `[B]` indices of the filter bank of each row, in training only.
        """
        joined = torch.cat((past, samples), dim=1)
        spectrum = functional.conv1d(joined[:, None], self.kernels, stride=HOP)
        # Cut at fixed places: the exported graph then counts nothing at every hop.
        real, imaginary = spectrum[:, :BINS], spectrum[:, BINS:]
        power = (real.square() + imaginary.square()).transpose(1, 2)  # [B, T, bins]
        filters = self.filters[0] if warp is None else self.filters[warp]
        logs = torch.log(power @ filters + FLOOR)
        return logs * 0.25 + 1.0, joined[:, -PAST_SAMPLES:]
