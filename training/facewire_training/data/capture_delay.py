"""How far captured mouths lag their sound, against the procedural animation of the same kind.

    python -m facewire_training.data.capture_delay --data DATA --json capture-delay.json

Loudness leads any mouth: lips open before they are heard wide. So what counts is by how much more
it leads a captured lip gap, or jaw, than those of the procedural animation of LibriSpeech's phones.
Each lag is where the correlation with loudness is best, pooled over clips. Training clips only.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from facewire import arkit
from facewire.face.lips import lip_gap
from facewire.report_file import command_line, today, write_report
from facewire_engines.phones.phone_set import TOKEN_RATE
from facewire_training.animation.effort import effort_from_audio
from facewire_training.animation.procedural import animate
from facewire_training.command import make_parser, run_command
from facewire_training.data.capture import Capture
from facewire_training.data.corpora.corpus import SAMPLE_RATE, Utterance
from facewire_training.data.corpora.facegood import Facegood
from facewire_training.data.corpora.grid import Grid
from facewire_training.data.corpora.librispeech import LibriSpeech

Floats = NDArray[np.floating]

LAGS_MS = np.arange(-100, 201)
RULES = "procedural animation"
ANIMATED = 100
"""Utterances of LibriSpeech that are animated."""

Course = tuple[Floats, Floats, dict[str, Floats]]
"""Loudness [T] at 100 a second; times of the face in s; its curves by name."""


def of_capture(capture: Capture) -> Course:
    """Return the course of a captured clip, as it was recorded."""
    # Not `times_s()`, which has been corrected by what is measured here.
    times_s = np.arange(len(capture.weights)) / float(capture.frame_rate)
    return _loudness(capture.samples), times_s, _curves(capture.weights)


def of_rules(utterance: Utterance) -> Course:
    """Return the course of the procedural animation of an utterance."""
    loudness = _loudness(utterance.samples)
    times_s = (np.arange(len(loudness)) + 0.5) / TOKEN_RATE
    weights = animate(utterance.phones, times_s, loudness.astype(np.float32))
    return loudness, times_s, _curves(weights)


def lag_ms(courses: Iterable[Course], curve: str) -> int:
    """Return by how many ms loudness leads a curve, where both correlate best."""
    sums = np.zeros((3, len(LAGS_MS)))
    for loudness, times_s, curves in courses:
        seen = np.isfinite(curves[curve])
        moved = curves[curve][seen].astype(np.float64)
        places = (times_s[seen][None] - LAGS_MS[:, None] / 1000) * TOKEN_RATE - 0.5
        heard = np.interp(places, np.arange(len(loudness)), loudness)
        moved, heard = moved - moved.mean(), heard - heard.mean(axis=1, keepdims=True)
        sums[0] += (heard * moved).sum(axis=1)
        sums[1] += (heard**2).sum(axis=1)
        sums[2] += (moved**2).sum()
    return int(LAGS_MS[np.argmax(sums[0] / np.sqrt(sums[1] * sums[2]))])


def measure(data: Path) -> dict[str, dict[str, int]]:
    """Return the lags of every set, in ms, by set and curve.

    Raises:
        ConfigError: the folder lacks data.
    """
    aligned: Iterator[Utterance] = islice(LibriSpeech(data / "librispeech").train(), ANIMATED)
    sets: dict[str, list[Course]] = {
        RULES: [of_rules(utterance) for utterance in track(aligned, RULES, ANIMATED)],
        "GRID": [of_capture(c) for c in track(Grid(data / "grid_s1").train(), "GRID", 800)],
        "FACEGOOD": [of_capture(capture) for capture in Facegood(data / "facegood").train()],
    }
    return {
        name: {curve: lag_ms(courses, curve) for curve in ("gap", "jaw")}
        for name, courses in sets.items()
    }


def _loudness(samples: Floats) -> Floats:
    return effort_from_audio(samples.astype(np.float32), SAMPLE_RATE)


def _curves(weights: NDArray[np.float32]) -> dict[str, Floats]:
    return {"gap": lip_gap(weights), "jaw": weights[:, arkit.INDEX["jawOpen"]]}


def main() -> None:
    """Measure, print, and write."""
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of docs/data.md")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args()
    found = measure(options.data)
    for name, lags in found.items():
        more = {curve: lag - found[RULES][curve] for curve, lag in lags.items()}
        print(
            f"{name}: loudness leads the lip gap by {lags['gap']} ms and the jaw by "
            f"{lags['jaw']} ms; against the rules {more['gap']:+d} and {more['jaw']:+d} ms"
        )
    if options.json:
        report = {"command": command_line(), "date": today(), "lags_ms": found}
        write_report(options.json, report)


if __name__ == "__main__":
    run_command(main)
