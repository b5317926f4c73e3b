"""Voices that differ from those at hand, by the WORLD vocoder: children, whispers, singers.

WORLD (Morise, Yokomori & Ozawa 2016) takes speech apart into pitch, spectral envelope and
aperiodicity, every 5 ms; changed parts are put together again without moving anything in time.
"""

import numpy as np
from numpy.typing import NDArray

from facewire.frames import Samples
from facewire_training.data.augmentation.channel import active_level
from facewire_training.data.augmentation.vocoder import (
    STEP_S,
    World,
    analyse,
    synthesise,
    there_and_back,
)
from facewire_training.data.corpora.corpus import SAMPLE_RATE, SILENCE, Utterance
from facewire_training.evaluation.metrics.lips.closure import OPEN_VOWELS
from facewire_training.phones import PhoneInterval

Floats = NDArray[np.float64]

_HIGHEST_HZ = 700.0

SHORTEST_SUNG_S = 0.08
"""Vowels that are shorter have no middle that could be held."""
NOTES = 3
"""Notes of a sung phrase."""
NOTE_S = 2.0
STEADY = (0.3, 0.7)
"""The part of a spoken vowel that is held."""
ABOVE_SPEECH = 1.5
"""The lowest note of a song, against the median pitch of the speaker's speech."""
SCALE = (0, 2, 4, 5, 7, 9, 11, 12)
"""Semitones of a major scale."""
VIBRATO_HZ = 5.5
VIBRATO_CENTS = 60.0
"""Sundberg 1994, "Acoustic and psychoacoustic aspects of vocal vibrato": 5 to 7 Hz, about a
semitone in all."""
REST_S = 0.4
"""Silence before and after a sung phrase."""


def child_like(samples: Samples, factor: float) -> Samples:
    """Return speech whose pitch and formants are `factor` times as high, no faster, as loud."""
    parts = analyse(samples)
    pitch = np.minimum(parts.pitch * factor, _HIGHEST_HZ)
    raised = World(pitch, _stretched(parts.envelope, factor), _stretched(parts.noise, factor))
    return as_loud(synthesise(raised, len(samples)), samples)


def whispered(samples: Samples) -> Samples:
    """Return speech without voice: its envelope, excited by noise alone, as loud."""
    parts = analyse(samples)
    breath = World(np.zeros_like(parts.pitch), parts.envelope, np.ones_like(parts.noise))
    return as_loud(synthesise(breath, len(samples)), samples)


def sung(utterance: Utterance, seed: int) -> Utterance | None:
    """Return some of the open vowels of an utterance as held notes with vibrato.

    Notes are drawn from a major scale that begins above the speaker's usual pitch, and follow each
    other without a break. None if the utterance has no open vowel that is long enough, or no voice.
    """
    vowels = [
        phone
        for phone in utterance.phones
        if phone.label in OPEN_VOWELS and phone.duration_s >= SHORTEST_SUNG_S
    ]
    parts = analyse(utterance.samples)
    if not vowels or not (parts.pitch > 0).any():
        return None
    rng = np.random.default_rng(seed)
    base_hz = ABOVE_SPEECH * float(np.median(parts.pitch[parts.pitch > 0]))
    chosen = [vowels[place] for place in sorted(rng.permutation(len(vowels))[:NOTES])]
    notes = [_note(parts, vowel, base_hz * 2 ** (rng.choice(SCALE) / 12)) for vowel in chosen]
    whole = World(*(np.concatenate(part) for part in zip(*notes, strict=True)))
    song = synthesise(whole, round(len(whole.pitch) * STEP_S * SAMPLE_RATE))
    samples = np.pad(as_loud(song, utterance.samples), round(REST_S * SAMPLE_RATE))
    phones = [PhoneInterval(0.0, REST_S, SILENCE)]
    for vowel in chosen:
        end_s = phones[-1].end_s
        phones.append(PhoneInterval(end_s, end_s + NOTE_S, vowel.phone_index))
    phones.append(PhoneInterval(phones[-1].end_s, len(samples) / SAMPLE_RATE, SILENCE))
    name = f"{utterance.name}-sung"
    return Utterance(name, samples, tuple(phones), utterance.speaker, utterance.corpus)


def as_loud(samples: Samples, other: Samples) -> Samples:
    """Return samples at the active level of others, cut at full scale."""
    level = active_level(samples)
    gain = active_level(other) / level if level > 0 else 1.0
    return np.asarray(np.clip(samples * gain, -1, 1), np.float32)


def _note(parts: World, vowel: PhoneInterval, pitch_hz: float) -> World:
    """Hold the middle of a vowel."""
    first, last = (int((vowel.start_s + share * vowel.duration_s) / STEP_S) for share in STEADY)
    held = np.arange(first, max(last, first + 2))
    count = round(NOTE_S / STEP_S)
    places = np.minimum(there_and_back(held, count), len(parts.pitch) - 1)
    cents = VIBRATO_CENTS / 2 * np.sin(2 * np.pi * VIBRATO_HZ * np.arange(count) * STEP_S)
    pitch = pitch_hz * 2 ** (cents / 1200)
    return World(pitch, parts.envelope[places], np.minimum(parts.noise[places], 0.5))


def _stretched(spectra: Floats, factor: float) -> Floats:
    """Move spectra [N, B] up in frequency by a factor."""
    bins = spectra.shape[1]
    places = np.arange(bins) / factor
    below = places.astype(int)
    above, share = np.minimum(below + 1, bins - 1), places - below
    return np.asarray(spectra[:, below] * (1 - share) + spectra[:, above] * share)
