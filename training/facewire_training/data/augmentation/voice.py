"""Other voices out of the ones at hand: faster or slower, higher or deeper, children's, sung.

Here time may move: each function says, for every 10 ms of what it returns, which 10 ms of what it
was given are heard there.
"""

import numpy as np
import soxr
from numpy.typing import NDArray

from facewire.frames import Samples

SAMPLE_RATE = 16_000

_TOKEN_SIZE = 160
_GRAIN = 480
_STEP = _GRAIN // 2
_SEARCH = 128
"""Samples by which a grain may be moved so that it goes on from the last one: half a period down
to 62 Hz."""


def change_speed(samples: Samples, tokens: int, factor: float) -> tuple[Samples, NDArray[np.int64]]:
    """Play `factor` times as fast, which also moves pitch and formants by that factor.

    Args:
        samples: `[160 * tokens]` at 16 kHz.
        tokens: how many stretches of 10 ms they are.
        factor: above 1 is faster and higher.

    Returns:
        As many whole tokens of samples as fit into the new length, and for each of them the token
        that it was before: its label, and whatever else belongs to it, comes from there.
    """
    return change_voice(samples, tokens, factor, factor)


def change_voice(
    samples: Samples, tokens: int, factor: float, tempo: float
) -> tuple[Samples, NDArray[np.int64]]:
    """Move pitch and formants together by `factor`, and play `tempo` times as fast.

    A shorter vocal tract and shorter vocal folds move both alike: 1.2 is between a man and a woman,
    1.33 to 1.5 a child (Lee, Potamianos & Narayanan 1999).

    Args:
        samples: `[160 * tokens]` at 16 kHz.
        tokens: how many stretches of 10 ms they are.
        factor: above 1 is higher.
        tempo: above 1 is faster.

    Returns:
        As `change_speed`.
    """
    played = samples
    if factor != 1.0:
        played = soxr.resample(samples, SAMPLE_RATE * factor, SAMPLE_RATE, quality="LQ")
    if factor != tempo:
        played = stretch(played, factor / tempo)
    count = min(len(played) // _TOKEN_SIZE, int(tokens / tempo))
    places = np.minimum(((np.arange(count) + 0.5) * tempo).astype(np.int64), tokens - 1)
    return np.ascontiguousarray(played[: count * _TOKEN_SIZE], np.float32), places


def stretch(samples: Samples, factor: float) -> Samples:
    """Make speech `factor` times as long without moving its pitch or its formants.

    Grains of 30 ms are laid over each other by half, each taken where it fits best to what would
    have followed the last one (WSOLA, Verhelst & Roelands 1993).
    """
    count = round(len(samples) * factor)
    window = np.hanning(_GRAIN + 1)[:-1].astype(np.float32)
    padded = np.pad(samples, (_STEP + _SEARCH, _GRAIN + 2 * _SEARCH + _STEP))
    steps = count // _STEP + 2
    made = np.zeros((steps + 1) * _STEP, np.float32)
    follows = _SEARCH
    for step in range(steps):
        wanted = min(round(step * _STEP / factor), len(samples))
        around = padded[wanted : wanted + _GRAIN + 2 * _SEARCH]
        best = _SEARCH
        if step:
            # Every second sample is enough to find the period.
            model = padded[follows : follows + _GRAIN : 2]
            best = 2 * int(np.argmax(np.correlate(around[::2], model, "valid")))
        first = wanted + best
        made[step * _STEP : step * _STEP + _GRAIN] += padded[first : first + _GRAIN] * window
        follows = first + _STEP
    return made[_STEP : _STEP + count]


def vibrate(samples: Samples, rng: np.random.Generator) -> Samples:
    """Sing: let the pitch sway by up to a semitone, 4.5 to 6.5 times a second, as singers do.

    Sound moves by less than 2 ms, so labels stay true (Sundberg 1994 for rate and extent).
    """
    rate_hz, semitones = rng.uniform(4.5, 6.5), rng.uniform(0.2, 1.0)
    reach = (2 ** (semitones / 12) - 1) / (2 * np.pi * rate_hz) * SAMPLE_RATE
    places = np.arange(len(samples), dtype=np.float32)
    sway = np.sin(2 * np.pi * rate_hz * places / SAMPLE_RATE + rng.uniform(0, 2 * np.pi))
    return np.interp(places + reach * sway, places, samples).astype(np.float32)
