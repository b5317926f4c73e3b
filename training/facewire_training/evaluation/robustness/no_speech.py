"""Sounds of people and desks that are no speech: coughs, laughter, keys."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from facewire_training.data.corpora import nospeech
from facewire_training.data.corpora.corpus import SAMPLE_RATE, SILENCE, Utterance
from facewire_training.evaluation.robustness.channels import nospeech_seed
from facewire_training.phones import PhoneInterval

Floats = NDArray[np.float64]

CLIP_S = 8.0
LEVEL_DBFS = (-35.0, -18.0)
"""Of the loud parts."""
ROOM_DBFS = -65.0
FORMANTS_HZ = ((620.0, 80.0), (1350.0, 110.0), (2500.0, 160.0))
"""Centre and width of the resonances of a neutral, rather open vowel."""


class Sound(NamedTuple):
    """A clip without speech, and when in it something is heard."""

    utterance: Utterance
    spans_s: tuple[tuple[float, float], ...]


def cough(rng: np.random.Generator) -> Floats:
    """Return one cough: a burst, noise that fades, and often a voiced end.

    The three phases of Korpáš, Sadloňová & Vrabec 1996, "Analysis of the cough sound".
    """
    burst, middle = (round(rng.uniform(*s) * SAMPLE_RATE) for s in ((0.03, 0.06), (0.12, 0.25)))
    swell = np.concatenate((np.linspace(0, 1, burst), np.exp(-np.linspace(0, 2.5, middle))))
    sound = _resonant(rng.standard_normal(len(swell))) * swell
    if rng.random() < 0.6:
        voice = _voiced(rng.uniform(0.08, 0.16), rng.uniform(180, 320), -0.3, rng)
        sound = np.concatenate((sound, 0.5 * voice))
    return np.asarray(sound)


def laughter(rng: np.random.Generator) -> Floats:
    """Return one bout: three to seven short voiced calls, each led by breath, falling in pitch.

    After Bachorowski, Smoski & Owren 2001, "The acoustic features of human laughter": calls of
    about .17 s at four to five a second, higher than in speech.
    """
    pitch_hz, parts = rng.uniform(240, 420), []
    for call in range(int(rng.integers(3, 8))):
        breath = 0.25 * _resonant(rng.standard_normal(round(rng.uniform(0.04, 0.08) * SAMPLE_RATE)))
        voice = _voiced(rng.uniform(0.08, 0.13), pitch_hz * 0.95**call, -0.25, rng)
        pause = np.zeros(round(rng.uniform(0.03, 0.06) * SAMPLE_RATE))
        parts += [breath, voice * 0.93**call, pause]
    return np.concatenate(parts)


def events(kind: str, seed: int) -> Sound:
    """Return a clip of coughs or of laughter, with pauses of half a second to two."""
    rng = np.random.default_rng((nospeech_seed(seed), len(kind)))
    make = {"cough": cough, "laughter": laughter}[kind]
    count = round(CLIP_S * SAMPLE_RATE)
    sound, spans = np.zeros(count), []
    place = round(rng.uniform(0.5, 1.5) * SAMPLE_RATE)
    while place < count - SAMPLE_RATE // 2:
        part = make(rng)[: count - place]
        loud = 10 ** (rng.uniform(*LEVEL_DBFS) / 20) / np.sqrt(np.mean(part**2))
        sound[place : place + len(part)] = part * loud
        spans.append((place / SAMPLE_RATE, (place + len(part)) / SAMPLE_RATE))
        place += len(part) + round(rng.uniform(0.5, 2.0) * SAMPLE_RATE)
    return Sound(_clip(kind, seed, sound + _room(count, rng)), tuple(spans))


def steady(kind: str, seed: int) -> Sound:
    """Return a clip of a kind of `nospeech.KINDS`, other draws than in training."""
    rng = np.random.default_rng((nospeech_seed(seed), len(kind)))
    count = round(CLIP_S * SAMPLE_RATE)
    made = nospeech.make(kind, count, rng).astype(np.float64)
    return Sound(_clip(kind, seed, made), ((0.0, CLIP_S),))


def _clip(kind: str, seed: int, sound: Floats) -> Utterance:
    samples = np.clip(sound, -1, 1).astype(np.float32)
    phones = (PhoneInterval(0.0, len(samples) / SAMPLE_RATE, SILENCE),)
    return Utterance(f"{kind}-{seed}", samples, phones, kind, "nospeech")


def _voiced(length_s: float, pitch_hz: float, bend: float, rng: np.random.Generator) -> Floats:
    """Return a vowel of a falling pitch: pulses with a slope of 12 dB an octave, and resonances."""
    count = round(length_s * SAMPLE_RATE)
    pitch = pitch_hz * 2 ** (bend * np.linspace(0, 1, count)) * (1 + 0.01 * rng.standard_normal())
    phase = np.cumsum(pitch) / SAMPLE_RATE
    pulses = np.diff(np.floor(phase), prepend=0.0)
    source: Floats = np.asarray(signal.lfilter([1.0], [1.0, -1.8, 0.81], pulses))
    source = source - source.mean() + 0.05 * source.std() * rng.standard_normal(count)
    return np.asarray(_resonant(source) * np.hanning(count) ** 0.5)


def _resonant(source: Floats) -> Floats:
    sound = np.asarray(source, np.float64)
    for centre_hz, width_hz in FORMANTS_HZ:
        radius = np.exp(-np.pi * width_hz / SAMPLE_RATE)
        turn = 2 * radius * np.cos(2 * np.pi * centre_hz / SAMPLE_RATE)
        poles = [1.0, -turn, radius**2]
        sound = np.asarray(signal.lfilter([1 - turn + radius**2], poles, sound))
    return np.asarray(sound / (np.abs(sound).max() + 1e-9))


def _room(count: int, rng: np.random.Generator) -> Floats:
    noise = nospeech.coloured(count, rng, 1.0)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)) * 10 ** (ROOM_DBFS / 20))
