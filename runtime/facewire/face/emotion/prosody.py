"""How somebody speaks now, against how they usually do: level, pitch, its liveliness, brightness.

The cues are those of the Geneva minimalistic set for voice and affect (GeMAPS; Eyben et al. 2016):
loudness, F0 in semitones and how far it spreads, and the alpha ratio.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from facewire.frames import Samples

HOP_S = 0.02
"""Seconds between two looks at the voice."""
_WINDOW_HOPS = 2
"""Hops that are looked at together: 40 ms hold two periods of the deepest voice."""
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 450.0
_VOICED = 0.5
"""Autocorrelation at the period, against that of the window at 0, from which on a hop is voiced."""
_OCTAVE_COST = 0.03
"""What each octave down costs a period, of which twice as much repeats as well (Boersma 1993)."""
_FLOOR_DB = -60.0
"""Full scale; nothing below is taken for a voice."""
_BELOW_DB = 25.0
"""Nor what is so much below the loudest voice of late: a room, or somebody else."""
_FORGETS_DB = 0.02
"""By how much a hop the loudest voice is forgotten: 1 dB in a second."""
_SPLIT_HZ, _TOP_HZ = 1000.0, 5000.0
"""The alpha ratio is the energy up to the first against that from there to the second."""

_RECENT = 75
"""Hops with voice that make the present: 1.5 s."""
_USUAL = 3000
"""Hops with voice that make what is usual: a minute."""

LEVEL, PITCH, BRIGHTNESS = range(3)
"""Places of the cues: dB of full scale, semitones above 1 Hz, alpha ratio in dB."""


@dataclass(slots=True)
class _Mean:
    """A mean over the last `length` values or so, [3], and how far they spread."""

    length: int
    values: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    squares: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))

    def add(self, cues: NDArray[np.float64], count: int) -> None:
        """Take the `count`th value."""
        share = 1 / min(count, self.length)
        away = cues - self.values
        self.values = self.values + share * away
        self.squares = (1 - share) * (self.squares + share * away * away)

    @property
    def spread(self) -> NDArray[np.float64]:
        """The standard deviation, [3]."""
        return np.sqrt(self.squares)


class Prosody:
    """Listens to one voice, hop by hop. Used by one thread at a time."""

    def __init__(self, sample_rate: int) -> None:
        """Begin with a voice that nobody has heard."""
        self.hop = round(HOP_S * sample_rate)
        """Samples that `hear` takes."""
        self.voiced = 0
        """Hops with voice so far."""
        self.silent = 0
        """Hops since the last one with voice."""
        size = _WINDOW_HOPS * self.hop
        self._last: Samples = np.zeros(size, np.float32)
        self._window = np.hanning(size + 2)[1:-1]
        self._length = 1 << (2 * size - 1).bit_length()
        self._shortest = int(sample_rate / _HIGHEST_HZ)
        self._lags = slice(self._shortest, int(sample_rate / _LOWEST_HZ) + 1)
        # A window is less like itself the further it is moved (Boersma 1993).
        alike = np.fft.irfft(np.abs(np.fft.rfft(self._window, self._length)) ** 2)
        self._alike = (alike / alike[0])[self._lags]
        periods = np.arange(len(self._alike)) + self._shortest
        self._cost = _OCTAVE_COST * np.log2(periods / self._shortest)
        self._rate = sample_rate
        hertz = np.fft.rfftfreq(self._length, 1 / sample_rate)
        self._low = hertz < _SPLIT_HZ
        self._high = (hertz >= _SPLIT_HZ) & (hertz < _TOP_HZ)
        self._loudest = _FLOOR_DB
        self._recent, self._usual = _Mean(_RECENT), _Mean(_USUAL)

    def hear(self, samples: Samples) -> None:
        """Take the next hop; what is no number is silence, and what is too loud is cut."""
        sound = np.nan_to_num(np.clip(samples, -1, 1))
        self._last = np.concatenate([self._last[self.hop :], sound])
        cues = self._cues()
        if cues is None:
            self.silent += 1
            return
        self.silent = 0
        self.voiced += 1
        self._recent.add(cues, self.voiced)
        self._usual.add(cues, self.voiced)

    @property
    def raised(self) -> NDArray[np.float64]:
        """How far level (dB), pitch (semitones) and brightness (dB) are above usual, [3]."""
        return self._recent.values - self._usual.values

    @property
    def liveliness(self) -> float:
        """How far pitch spreads against usual, as a ratio in octaves: 1 is twice as far."""
        spreads = self._recent.spread[PITCH], self._usual.spread[PITCH]
        return float(np.log2((spreads[0] + 0.5) / (spreads[1] + 0.5)))

    def _cues(self) -> NDArray[np.float64] | None:
        """Return level, pitch and brightness of the window, or None where there is no voice."""
        # Many sound cards add a constant, which is as loud as a voice and repeats at any period.
        sound = self._last - self._last.mean()
        level = 10 * float(np.log10(np.mean(np.square(sound)) + 1e-12))
        self._loudest = max(self._loudest - _FORGETS_DB, _FLOOR_DB)
        if not level > max(self._loudest - _BELOW_DB, _FLOOR_DB):
            return None
        power = np.abs(np.fft.rfft(sound * self._window, self._length)) ** 2
        alike = np.fft.irfft(power)
        periodic = alike[self._lags] / alike[0] / self._alike
        best = int(np.argmax(periodic - self._cost))
        if periodic[best] < _VOICED:
            return None
        self._loudest = max(self._loudest, level)
        pitch = 12 * float(np.log2(self._rate / (self._shortest + best)))
        low, high = float(power[self._low].sum()), float(power[self._high].sum())
        brightness = 10 * float(np.log10((high + 1e-12) / (low + 1e-12)))
        return np.array([level, pitch, brightness])
