"""Sounds of rooms and desks in which nobody speaks, made by formula; all of it is silence.

They teach the encoder to keep the face at rest through typing, music, hum, wind and breath.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from facewire.frames import Samples
from facewire_training.data.corpora.corpus import SAMPLE_RATE, SILENCE, Utterance, until_full
from facewire_training.phones import PhoneInterval

Floats = NDArray[np.float64]
Maker = Callable[[int, np.random.Generator], Floats]

_CLIP_S = (4.0, 12.0)


@dataclass(frozen=True, slots=True)
class NoSpeech:
    """As many hours as wanted, the kinds of sound by turns and sometimes together."""

    hours: float
    seed: int = 0

    def utterances(self) -> Iterator[Utterance]:
        """Yield clips until the hours are full."""
        return until_full(self.hours, map(self._utterance, itertools.count()))

    def _utterance(self, index: int) -> Utterance:
        rng, kinds = np.random.default_rng((self.seed, index)), list(KINDS)
        kind = kinds[index % len(kinds)]
        count = int(rng.uniform(*_CLIP_S) * 100) * SAMPLE_RATE // 100
        samples = make(kind, count, rng)
        phones = (PhoneInterval(0.0, count / SAMPLE_RATE, SILENCE),)
        return Utterance(f"{kind}-{index:05d}", samples, phones, kind, "nospeech")


def make(kind: str, count: int, rng: np.random.Generator) -> Samples:
    """Return `count` samples of a kind of `KINDS`, at -65 to -20 dB, over a quieter room."""
    sound = KINDS[kind](count, rng)
    sound = sound / (np.sqrt(np.mean(sound**2)) + 1e-9) * 10 ** (rng.uniform(-55, -20) / 20)
    if kind == "silence":
        sound = sound * 10 ** (-rng.uniform(10, 60) / 20) if rng.random() < 0.7 else sound * 0
    elif rng.random() < 0.7:
        room = coloured(count, rng)
        room *= 10 ** (rng.uniform(-75, -45) / 20) / np.sqrt(np.mean(room**2))
        sound = sound + room
    return np.asarray(np.clip(sound, -1, 1), np.float32)


def coloured(count: int, rng: np.random.Generator, slope: float | None = None) -> Floats:
    """Noise whose power falls with frequency to a power of 0 (white) to 2 (brown)."""
    slope = float(rng.uniform(0, 2)) if slope is None else slope
    spectrum = np.fft.rfft(rng.standard_normal(count))
    frequency = np.maximum(np.arange(len(spectrum)) / len(spectrum), 0.003)
    return np.asarray(np.fft.irfft(spectrum * frequency ** (-slope / 2), count))


def wind(count: int, rng: np.random.Generator) -> Floats:
    """Low noise in gusts, or a fan: its level sways."""
    rate_hz = float(np.exp(rng.uniform(np.log(0.2), np.log(8))))
    sway = 1 + rng.uniform(0.3, 0.9) * np.sin(
        2 * np.pi * rate_hz * _time(count) + rng.uniform(0, 6.3)
    )
    return coloured(count, rng, float(rng.uniform(1, 2))) * sway


def hum(count: int, rng: np.random.Generator) -> Floats:
    """A mains hum of 50 or 60 Hz with its harmonics."""
    base = float(rng.choice([50.0, 60.0]))
    tones = [
        rng.uniform(0, 1)
        / order
        * np.sin(2 * np.pi * base * order * _time(count) + rng.uniform(0, 6.3))
        for order in range(1, 12)
    ]
    return np.asarray(np.sum(tones, axis=0))


def keyboard(count: int, rng: np.random.Generator) -> Floats:
    """Key strokes and mouse clicks: short decaying bursts with a resonance, in runs."""
    sound = np.zeros(count)
    place = 0
    while place < count:
        place += int(rng.exponential(0.16 if rng.random() < 0.85 else 1.0) * SAMPLE_RATE) + 400
        _add(sound, place, _knock(rng, rng.uniform(0.002, 0.012), rng.uniform(1200, 6000)))
    return sound + 1e-6


def knocks(count: int, rng: np.random.Generator) -> Floats:
    """Thumps of a desk, a door or a microphone that is touched: low, a few times a clip."""
    sound = np.zeros(count)
    for place in rng.integers(0, count, int(rng.integers(2, 10))):
        _add(sound, int(place), _knock(rng, rng.uniform(0.02, 0.15), rng.uniform(50, 700)))
    return sound + 1e-6


def music(count: int, rng: np.random.Generator) -> Floats:
    """Chords of plucked or held harmonic tones, with or without a drum."""
    sound = np.zeros(count)
    beat = int(rng.uniform(0.25, 0.8) * SAMPLE_RATE)
    root = float(rng.uniform(80, 260))
    decay = float(rng.uniform(0.5, 6))
    drum = rng.random() < 0.5
    for place in range(0, count, beat):
        steps = rng.choice([0, 2, 4, 5, 7, 9, 11, 12, 16, 19], int(rng.integers(1, 5)))
        for step in steps:
            _add(sound, place, _tone(root * 2 ** (int(step) / 12), beat * 2, decay, rng))
        if drum:
            _add(sound, place, 3 * _knock(rng, 0.08, rng.uniform(60, 200)))
    return sound


def breath(count: int, rng: np.random.Generator) -> Floats:
    """Breathing into the microphone: swells of noise in a broad band."""
    low = float(rng.uniform(200, 700))
    band = signal.butter(
        2, (low, rng.uniform(2500, 6500)), "bandpass", fs=SAMPLE_RATE, output="sos"
    )
    noise = signal.sosfilt(band, rng.standard_normal(count))
    swell = np.full(count, 0.01)
    place = int(rng.uniform(0, 1) * SAMPLE_RATE)
    while place < count:
        length = int(rng.uniform(0.4, 1.6) * SAMPLE_RATE)
        _add(swell, place, np.sin(np.linspace(0, np.pi, length)) ** 2)
        place += length + int(rng.uniform(0.3, 2.0) * SAMPLE_RATE)
    return np.asarray(noise * swell)


def beeps(count: int, rng: np.random.Generator) -> Floats:
    """Notification tones and sweeps."""
    sound = np.zeros(count)
    for place in rng.integers(0, count, int(rng.integers(2, 8))):
        length = int(rng.uniform(0.05, 0.6) * SAMPLE_RATE)
        start, end = rng.uniform(300, 3000, 2)
        pitch = np.linspace(start, end if rng.random() < 0.4 else start, length)
        fade = np.minimum(1, np.minimum(np.arange(length), np.arange(length)[::-1]) / 160)
        _add(sound, int(place), np.sin(2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE) * fade)
    return sound + 1e-6


KINDS: dict[str, Maker] = {
    "silence": coloured,
    "noise": coloured,
    "wind": wind,
    "hum": hum,
    "keyboard": keyboard,
    "knocks": knocks,
    "music": music,
    "breath": breath,
    "beeps": beeps,
}


def _time(count: int) -> Floats:
    return np.arange(count) / SAMPLE_RATE


def _add(sound: Floats, place: int, part: Floats) -> None:
    """Add a part at a place, as far as it fits."""
    room = sound[place : place + len(part)]
    room += part[: len(room)]


def _knock(rng: np.random.Generator, decay_s: float, pitch_hz: float) -> Floats:
    time = _time(int(decay_s * 6 * SAMPLE_RATE) + 1)
    ring = np.sin(2 * np.pi * pitch_hz * time) + rng.uniform(0.2, 1.5) * rng.standard_normal(
        len(time)
    )
    return np.asarray(rng.uniform(0.2, 1) * np.exp(-time / decay_s) * ring)


def _tone(pitch_hz: float, count: int, decay: float, rng: np.random.Generator) -> Floats:
    time = _time(count)
    tone = np.zeros(count)
    for order in range(1, 9):
        if pitch_hz * order < SAMPLE_RATE / 2:
            tone += np.sin(2 * np.pi * pitch_hz * order * time) * rng.uniform(0, 1) / order
    attack = np.minimum(1, time / 0.01)
    release = np.minimum(1, (time[-1] - time) / 0.02)
    return np.asarray(tone * attack * release * np.exp(-decay * time))
