"""Read speech, sung: its vowels are held on the notes of a scale, by the WORLD vocoder.

Song needs no new labels: what is held is known. Consonants keep their length, so they are as short
beside long vowels as in song (Sundberg 1987, "The Science of the Singing Voice").
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_training.data.augmentation.channel import active_level
from facewire_training.data.augmentation.vocoder import (
    STEP_S,
    World,
    analyse,
    synthesise,
    there_and_back,
)
from facewire_training.data.corpora.corpus import SAMPLE_RATE, Utterance, until_full
from facewire_training.data.corpora.librispeech import LibriSpeech
from facewire_training.phones import PhoneInterval

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

VOWELS = (
    "aa", "ae", "ah", "ao", "aw", "ay", "eh", "er", "ey", "ih", "iy", "ow", "oy", "uh", "uw",
)  # fmt: skip
SHORTEST_S = 0.06
"""Vowels that are shorter have no middle that could be held."""
STEADY = (0.3, 0.6)
"""The part of a vowel that is held: of a diphthong its first half."""
HELD_S = (0.15, 2.5)
"""For how long, long and short notes alike on a scale of ratios."""
SCALES = ((0, 2, 4, 5, 7, 9, 11, 12), (0, 2, 3, 5, 7, 8, 10, 12))
"""Semitones of a major and of a minor scale."""
ABOVE_SPEECH = (0.9, 2.0)
"""The lowest note, against the median pitch of the speech."""
VIBRATO_HZ = (4.5, 7.0)
VIBRATO_CENTS = (0.0, 90.0)
"""To either side of the note."""
GLIDE_S = 0.06
"""From a note to the next one."""
CUT_S = 4.0
"""Of an utterance is sung, at most."""
VOICED = 0.8
"""The share of a vowel's middle that has to have a voice: what is whispered, or was aligned to
something else, would be noise for seconds."""
LOUDEST = 0.99
"""The highest sample: whoever holds a loud moment is not clipped."""


@dataclass(frozen=True, slots=True)
class Song:
    """As many hours as wanted of what training speakers read, sung."""

    speech: LibriSpeech
    hours: float
    seed: int = 0

    def utterances(self) -> Iterator[Utterance]:
        """Yield utterances until the hours are full.

        Raises:
            ConfigError: a file is missing, pyworld is not installed, or nothing can be sung.
        """
        return until_full(self.hours, self._songs())

    def _songs(self) -> Iterator[Utterance]:
        found = False
        for turn in count():
            if turn and not found:
                raise ConfigError("nothing that the training speakers say can be sung")
            order = np.random.default_rng((self.seed, turn))
            for index, utterance in enumerate(self.speech.train(order)):
                rng = np.random.default_rng((self.seed, turn, index))
                song = sing(_cut(utterance, rng), rng, name=f"{utterance.name}-{turn}")
                if song is not None:
                    found = True
                    yield song


def sing(utterance: Utterance, rng: np.random.Generator, name: str) -> Utterance | None:
    """Return an utterance with its vowels held; None if it has none with a voice."""
    if not utterance.phones:
        return None
    parts = analyse(utterance.samples)
    voiced = parts.pitch > 0
    if not voiced.any():
        return None
    base_hz = float(np.median(parts.pitch[voiced])) * rng.uniform(*ABOVE_SPEECH)
    scale = SCALES[rng.integers(len(SCALES))]
    places, notes, phones = _hold(utterance, voiced, scale, rng)
    if len(places) < len(voiced) + HELD_S[0] / STEP_S / 2:
        return None
    pitch = base_hz * 2 ** (_glide(notes) / 12) * _vibrato(len(places), rng)
    sung = World(np.where(voiced[places], pitch, 0.0), parts.envelope[places], parts.noise[places])
    samples = synthesise(sung, round(len(places) * STEP_S * SAMPLE_RATE))
    level, peak = active_level(samples), float(np.abs(samples).max())
    gain = min(active_level(utterance.samples) / level, LOUDEST / peak) if level > 0 else 1.0
    return Utterance(name, samples * np.float32(gain), phones, utterance.speaker, "song")


def _cut(utterance: Utterance, rng: np.random.Generator) -> Utterance:
    """Return some seconds of an utterance, from the beginning of a phone to the end of another."""
    if not utterance.phones:
        return utterance
    begin_s = utterance.phones[int(rng.integers(len(utterance.phones)))].start_s
    begin_s = max(min(begin_s, utterance.duration_s - CUT_S), 0.0)
    end_s = min(begin_s + CUT_S, utterance.duration_s)
    kept = [p for p in utterance.phones if p.start_s >= begin_s and p.end_s <= end_s]
    begin_s, end_s = (kept[0].start_s, kept[-1].end_s) if kept else (begin_s, begin_s)
    phones = [PhoneInterval(p.start_s - begin_s, p.end_s - begin_s, p.phone_index) for p in kept]
    samples = utterance.samples[round(begin_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]
    return Utterance(utterance.name, samples, tuple(phones), utterance.speaker, utterance.corpus)


def _hold(
    utterance: Utterance,
    voiced: NDArray[np.bool_],
    scale: tuple[int, ...],
    rng: np.random.Generator,
) -> tuple[Places, Floats, tuple[PhoneInterval, ...]]:
    """Draw the vowels of an utterance out that have a voice, which `voiced` says of each row.

    Returns:
        Which row of the speech each row of the song is, its note in semitones above the lowest
        one, and the phones of the song.
    """
    places: list[Places] = []
    notes: list[Floats] = []
    phones: list[PhoneInterval] = []
    note, at, rows = 0.0, 0, len(voiced)
    for phone in utterance.phones:
        first = min(round(phone.start_s / STEP_S), rows - 1)
        last = min(max(round(phone.end_s / STEP_S), first + 1), rows)
        mine = np.arange(first, last)
        steady = _steady(mine)
        if (
            phone.label in VOWELS
            and phone.duration_s >= SHORTEST_S
            and voiced[steady].mean() >= VOICED
        ):
            steady = steady[voiced[steady]]
            note = float(scale[rng.integers(len(scale))])
            held_s = float(np.exp(rng.uniform(*np.log(HELD_S))))
            mine = _held(mine, steady, round(held_s / STEP_S))
        places.append(mine)
        notes.append(np.full(len(mine), note))
        end = at + len(mine)
        phones.append(PhoneInterval(at * STEP_S, end * STEP_S, phone.phone_index))
        at = end
    return np.concatenate(places), np.concatenate(notes), tuple(phones)


def _steady(rows: Places) -> Places:
    """Return the rows of a vowel that can be held, at least two if it has as many."""
    first, last = (int(share * len(rows)) for share in STEADY)
    return rows[first : max(last, first + 2)]


def _held(rows: Places, steady: Places, count: int) -> Places:
    """Return the rows of a vowel with `count` more before its end, gone through there and back."""
    first = int(STEADY[0] * len(rows))
    return np.concatenate((rows[:first], there_and_back(steady, count), rows[first:]))


def _glide(notes: Floats) -> Floats:
    """Let each note grow out of the one before."""
    width = max(round(GLIDE_S / STEP_S), 1)
    padded = np.pad(notes, (width - 1, 0), mode="edge")
    return np.convolve(padded, np.full(width, 1 / width), mode="valid")


def _vibrato(rows: int, rng: np.random.Generator) -> Floats:
    cents = rng.uniform(*VIBRATO_CENTS)
    phase = 2 * np.pi * (rng.uniform(*VIBRATO_HZ) * np.arange(rows) * STEP_S + rng.random())
    return np.asarray(2 ** (cents * np.sin(phase) / 1200))
