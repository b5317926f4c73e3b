"""How hard someone speaks, from the sound: loudness against the speaker's usual."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d

from facewire_engines.phones.phone_set import TOKEN_RATE

VOICE_BAND_HZ = (100.0, 4000.0)
FRAME_S = 0.025
SMOOTHING_S = 0.05
SPEECH_RANGE_DB = 30.0
"""What is this far under the loudest twentieth is not speech, and not part of the usual."""
SCALE_DB = 12.0
"""How far from the usual is an effort of tanh(1) = 0.76."""


def effort_from_audio(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Return the effort at the centre of every 10 ms of mono audio, [T] to [ceil(100 T / rate)].

    Loudness is the power between 100 and 4000 Hz in windows of 25 ms (Hann), smoothed by a Hann
    window of 50 ms, in dB. The speaker's usual is its median over speech, which is whatever lies
    within 30 dB of the 95th percentile. Effort is tanh of the difference by 12 dB, in [-1, 1];
    all zero if there is no sound.
    """
    loudness = loudness_db(samples, sample_rate)
    if not len(loudness) or loudness.max() <= _SILENT_DB:
        return np.zeros(len(loudness), np.float32)
    speech = loudness > max(np.percentile(loudness, 95) - SPEECH_RANGE_DB, _SILENT_DB)
    usual = np.median(loudness[speech])
    return np.tanh((loudness - usual) / SCALE_DB).astype(np.float32)


_SILENT_DB = -110.0


def loudness_db(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """Return the level of the voice band at the centre of every 10 ms, in dB of full scale."""
    hop = sample_rate // TOKEN_RATE
    count = -(-len(samples) // hop)
    if not count:
        return np.zeros(0)
    size = round(FRAME_S * sample_rate)
    left = (size - hop) // 2
    padded = np.pad(np.nan_to_num(samples), (left, size + hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][:count]
    window = np.hanning(size).astype(np.float32)
    spectrum = np.abs(np.fft.rfft(frames * window, axis=-1)) ** 2
    hz = np.fft.rfftfreq(size, 1 / sample_rate)
    band = (hz >= VOICE_BAND_HZ[0]) & (hz <= VOICE_BAND_HZ[1])
    power = spectrum[:, band].sum(-1) * 2 / (size * (window**2).sum())
    kernel = np.hanning(round(SMOOTHING_S * TOKEN_RATE) + 2)[1:-1]
    smooth = convolve1d(power, kernel / kernel.sum(), mode="nearest")
    return np.asarray(10 * np.log10(smooth + 1e-12))
