"""A stream's sound between the loop that hears it and the device that plays it later."""

import threading
from math import floor

import numpy as np

from facewire.audio.polyphase import LOBES, sinc_kernel
from facewire.clock import MILLISECOND, SECOND
from facewire.frames import AudioChunk, Samples
from facewire.sinks.delayed_sound.steering import Steering

KEPT_S = 4
"""How much sound waits to be played, or is kept behind it, at most."""
PATIENCE_S = 2
"""If no block came in time for so long, the device itself takes too long."""
SPARE = 5 * MILLISECOND
"""By so much more than it must the sound is later then, in ns."""
_PHASES = 1024
"""Rows of the filter from one sample to the next; the nearest one is half a row away at most, which
is wrong by -56 dB at the highest frequency, and by less below."""


class DelayLine:
    """Keeps samples of a stream, and returns those that are to be heard at a moment.

    What is not there is silence, faded in and out over a block. Used by two threads.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._kept: Samples = np.zeros(KEPT_S * sample_rate, np.float32)
        self._begin = 0
        self._end = 0
        self._origin: int | None = None
        self._late = 0
        self._finished = False
        self._lock = threading.Lock()
        self.begin(sample_rate)

    def begin(self, rate_out: int) -> None:
        """Get ready for an output of `rate_out` Hz, from a block of silence on."""
        with self._lock:
            self._rate_out = rate_out
            self._steering = Steering(self._sample_rate, rate_out)
            scale = min(1.0, rate_out / self._sample_rate)
            self._half = round(LOBES / scale)
            self._filter = sinc_kernel(_PHASES, self._half, scale)
            self._volume = 0.0
            self._late = 0
            self._played = 0.0
            self._missing: list[float] = []
            self._missed_s = 0.0

    def push(self, chunk: AudioChunk) -> None:
        """Keep the next samples; the oldest go."""
        samples = chunk.samples[-len(self._kept) :]
        places = np.arange(chunk.end - len(samples), chunk.end) % len(self._kept)
        with self._lock:
            self._kept[places] = np.nan_to_num(samples)
            self._begin = max(self._begin, chunk.end - len(self._kept))
            self._end = chunk.end

    def finish(self) -> None:
        """Note that nothing but silence follows."""
        with self._lock:
            self._finished = True

    def schedule(self, origin: int) -> None:
        """Have sample `s` heard `s / sample_rate` seconds after `origin`, in ns."""
        with self._lock:
            self._origin = origin

    @property
    def late(self) -> int:
        """By how much the sound is later than scheduled, in ns, because the device needs it."""
        return self._late

    @property
    def waiting_s(self) -> float:
        """Seconds of sound that have not been played yet."""
        with self._lock:
            return 0.0 if self._origin is None else (self._end - self._played) / self._sample_rate

    def read(self, count: int, heard: int) -> Samples:
        """Return `count` samples at the output's rate; the first is heard at `heard` ns."""
        with self._lock:
            if self._origin is None:
                return np.zeros(count, np.float32)
            due = (heard - self._origin - self._late) * self._sample_rate / SECOND
            reading = self._steering.next(due, count)
            end = reading.start + count * reading.step
            there = self._there(reading.start, end, count)
            sound = self._interpolate(reading.start, reading.step, count)
            if reading.left is not None:
                fade = np.linspace(0, 1, count, dtype=np.float32)
                before = self._interpolate(reading.left, reading.step, count)
                sound = (fade * sound + (1 - fade) * before).astype(np.float32, copy=False)
            self._played = max(end, self._played)
            return self._faded(sound, there)

    def _there(self, start: float, end: float, count: int) -> int:
        """Return how many samples of a block are there, and note what is missing."""
        missing_s = (end + self._half - self._end) / self._sample_rate
        self._blame(missing_s, count / self._rate_out)
        if self._finished:
            return count
        if start - self._half < self._begin and self._begin > 0:
            return 0
        known = (self._end - self._half - start) / max(end - start, 1e-9)
        return max(0, min(count, floor(known * count)))

    def _blame(self, missing_s: float, block_s: float) -> None:
        """Be later where every block of a while came too early for its sound."""
        if missing_s <= 0 or self._finished or not self._end:
            self._missing, self._missed_s = [], 0.0
            return
        self._missing.append(missing_s)
        self._missed_s += block_s
        if self._missed_s >= PATIENCE_S:
            self._late += round(min(self._missing) * SECOND) + SPARE
            self._missing, self._missed_s = [], 0.0
            # Nothing was heard, so nothing jumps.
            self._steering = Steering(self._sample_rate, self._rate_out)

    def _faded(self, sound: Samples, there: int) -> Samples:
        """Return the sound as far as it is there, without a click where it begins or ends."""
        before, whole = self._volume, there == len(sound)
        self._volume = 1.0 if whole else 0.0
        if before == 1.0 and whole:
            return sound
        faded: Samples = np.zeros(len(sound), np.float32)
        if whole or before:
            ramp = np.linspace(before, self._volume, there, dtype=np.float32)
            faded[:there] = sound[:there] * ramp
        return faded

    def _interpolate(self, start: float, step: float, count: int) -> Samples:
        """Return the stream at `count` places; what is not kept is silence."""
        places = start + step * np.arange(count)
        whole = np.floor(places).astype(np.int64)
        first, last = int(whole[0]) - self._half + 1, int(whole[-1]) + self._half + 1
        needed = np.arange(first, last)
        kept = (needed >= self._begin) & (needed >= 0) & (needed < self._end)
        around = np.where(kept, self._kept[needed % len(self._kept)], np.float32(0))
        windows = np.lib.stride_tricks.sliding_window_view(around, 2 * self._half)
        rows = np.rint((places - whole) * _PHASES).astype(np.int64)
        heard: Samples = np.einsum("nt,nt->n", windows[whole - whole[0]], self._filter[rows])
        return np.clip(heard, -1, 1)
