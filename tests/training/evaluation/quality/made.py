"""Clips of made-up syllables, with and without a face, and what a ruler finds in them."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from facewire_engines.phones.phone_set import INDEX
from facewire_training.animation.procedural import animate
from facewire_training.data.adapters.clip import Clip, Face, clip_of
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.evaluation.quality.material import Material
from facewire_training.evaluation.quality.report import Report
from facewire_training.evaluation.quality.request import Request
from facewire_training.evaluation.quality.rows import make_rows
from facewire_training.evaluation.quality.run import SetScores, measure
from facewire_training.phones import PhoneInterval


def spoken(name: str, seed: int) -> Utterance:
    """Make a sentence of syllables whose loudness goes with their vowels, with a pause after it."""
    rng = np.random.default_rng(seed)
    labels = ["sil", *rng.choice(["p", "aa", "uw", "s", "iy", "m", "ae", "f", "t"], 60), "sil"]
    ends = 0.1 * np.arange(1, len(labels) + 1)
    phones = [
        PhoneInterval(end - 0.1, end, INDEX[label]) for label, end in zip(labels, ends, strict=True)
    ]
    phones.append(PhoneInterval(float(ends[-1]), float(ends[-1]) + 1.0, 0))
    loud = np.array([0.2 if label in ("aa", "ae", "uw", "iy") else 0.02 for label in labels])
    level = np.concatenate([np.repeat(loud, 1600), np.zeros(16_000)])
    samples = (level * np.sin(np.arange(len(level)) * 0.2)).astype(np.float32)
    return Utterance(name, samples, tuple(phones), "nobody", "made")


def captured(utterance: Utterance) -> Clip:
    """Give an utterance the face that its phones call for, at 30 frames a second."""
    times_s = np.arange(int(30 * utterance.duration_s)) / 30
    weights = animate(utterance.phones, times_s, np.zeros(len(times_s), np.float32))
    return clip_of(utterance, Face(weights, Fraction(30)))


def run(request: Request, *clips: Clip) -> SetScores:
    rows = make_rows(request.rows, request.lookaheads_ms)
    (scores,) = measure(request, Material({"made": list(clips)}, None), rows, lambda *_: None)
    return scores


def of_meter_and_oracle(folder: Path) -> SetScores:
    request = Request(folder, rows=("oracle", "meter"))
    return run(request, Clip(spoken("one", 1)), Clip(spoken("two", 2)))


def report_of(*sets: SetScores) -> Report:
    return Report("facewire bench quality --data DATA", "2026-11-21", "60", None, sets)
