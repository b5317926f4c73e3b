"""How far the mouth moves at each `articulation`, against people, and at which it moves as theirs.

    python -m facewire_training.evaluation.articulation --data DATA
    python -m facewire_training.evaluation.articulation --data DATA --split validation --json OUT

The embedded model at 80 ms. People are GRID's speaker, his lip gap read off MediaPipe's landmarks
in mm (outer corners of the eyes 90 mm apart, lips that touch at 0), and FACEGOOD's actress, whose
weights move the same linear lips as ours. An amplitude is the 95th percentile of the gap in speech.
The last line is where ours would be theirs: 1 means that the model needs no correction. Closures
and luck are on LibriSpeech's validation speakers in both splits: nothing is fitted to them.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from facewire.face.articulation import Articulation
from facewire.face.lips import lip_gap
from facewire.report_file import command_line, today, write_report
from facewire_engines.phones.engine import load_embedded
from facewire_training.command import make_parser, run_command
from facewire_training.data.corpora.audio_file import read_mono
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.data.corpora.face_landmarks import measure
from facewire_training.data.corpora.facegood import Facegood
from facewire_training.data.corpora.grid import IMAGE_SIZE, TOUCH
from facewire_training.data.corpora.grid_words import phrase, read_words
from facewire_training.data.corpora.librispeech import LibriSpeech
from facewire_training.data.splits import GRID_TRAINING, GRID_VALIDATION
from facewire_training.evaluation.face_motion.points import EYES_MM
from facewire_training.evaluation.metrics.lips.closure import (
    closure_rate,
    false_closure_rate,
    luck_rate,
)
from facewire_training.evaluation.metrics.lips.labiodental import labiodental_rate
from facewire_training.evaluation.performers import Streamed
from facewire_training.take import Take

Floats = NDArray[np.floating]

AMOUNTS = (0.7, 0.85, 1.0, 1.15, 1.3, 1.5)
PERCENTILE = 95.0
FRAME_RATE = Fraction(50)
LOOKAHEAD_MS = 80.0
GAP_MM = 32.8
"""Of jawOpen = 1 on the ICT face."""
CLIPS, UTTERANCES = 60, 30


def articulated(take: Take, amount: float) -> Take:
    """Return a take as a profile with this articulation shows it."""
    stage = Articulation(amount)
    return replace(take, weights=np.stack([stage.apply(weights) for weights in take.weights]))


def natural_amount(amounts: Sequence[float], ratios: Sequence[float]) -> float:
    """Return the amount at which ours by theirs is 1, on the line through the nearest two.

    Args:
        amounts: rising.
        ratios: ours by theirs at each, rising.
    """
    above = int(np.clip(np.searchsorted(ratios, 1.0), 1, len(ratios) - 1))
    (x0, x1), (y0, y1) = amounts[above - 1 : above + 1], ratios[above - 1 : above + 1]
    return x0 + (1.0 - y0) * (x1 - x0) / (y1 - y0)


def grid(root: Path, places: slice, performer: Streamed) -> tuple[float, list[Take]]:
    """Return GRID's amplitude in gaps of jawOpen = 1, and our takes of his phrases.

    Raises:
        ConfigError: the folder lacks a file.
    """
    words = read_words(root / "words.tsv.gz")
    with np.load(root / "tracks.npz", allow_pickle=False) as tracks:
        clips = [str(clip) for clip in tracks["clip"][places]][:CLIPS]
        points = tracks["landmarks"][places][:CLIPS].astype(np.float64)
        numbers, rate = tracks["landmark_index"].tolist(), float(tracks["fps"])
    points *= (IMAGE_SIZE[0], IMAGE_SIZE[1], IMAGE_SIZE[0])
    mouth = measure(points.reshape(-1, *points.shape[2:]), numbers)
    gaps = np.maximum(mouth.opening - TOUCH, 0.0).reshape(points.shape[:2]) * EYES_MM / GAP_MM
    found, takes = [], []
    for clip, gap in zip(clips, gaps, strict=True):
        begin_s, end_s = phrase(words[clip])
        found.append(gap[round(begin_s * rate) : round(end_s * rate)])
        sound = Utterance(clip, read_mono(root / "audio" / f"{clip}.opus"), (), "1", "grid")
        take = performer(sound, FRAME_RATE)
        first, last = (round(second * float(FRAME_RATE)) for second in (begin_s, end_s))
        takes.append(replace(take, weights=take.weights[first:last]))
    return float(np.nanpercentile(np.concatenate(found), PERCENTILE)), takes


def facegood(root: Path, split: str, performer: Streamed) -> tuple[float, list[Take]]:
    """Return the actress's amplitude, and our takes of her recordings.

    Raises:
        ConfigError: the folder lacks a file.
    """
    corpus = Facegood(root)
    captures = list(corpus.train() if split == "training" else corpus.validation())
    hers = [lip_gap(capture.weights * capture.known) for capture in captures]
    takes = [performer(capture.utterance(), FRAME_RATE) for capture in captures]
    return float(np.percentile(np.concatenate(hers), PERCENTILE)), takes


def amplitude(takes: Sequence[Take], amount: float) -> float:
    """Return the amplitude of our lip gap at an articulation."""
    gaps = [articulated(take, amount).gap() for take in takes]
    return float(np.percentile(np.concatenate(gaps), PERCENTILE))


def contacts(takes: Sequence[Take], amount: float) -> dict[str, float]:
    """Return what the lips touch at an articulation."""
    shown = [articulated(take, amount) for take in takes]
    return {
        "p b m closed": closure_rate(shown),
        "by luck": luck_rate(shown),
        "vowels shut": false_closure_rate(shown),
        "f v on teeth": labiodental_rate(shown),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write if it is asked for."""
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="as for `facewire bench quality`")
    parser.add_argument("--split", choices=("training", "validation"), default="training")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args(arguments)
    performer = Streamed(load_embedded(), LOOKAHEAD_MS)
    places = GRID_TRAINING if options.split == "training" else GRID_VALIDATION
    people = {
        "GRID": grid(options.data / "grid_s1", places, performer),
        "FACEGOOD": facegood(options.data / "facegood", options.split, performer),
    }
    speech = list(LibriSpeech(options.data / "librispeech").validation())
    spread = speech[:: max(len(speech) // UTTERANCES, 1)]
    read = [performer(utterance, FRAME_RATE) for utterance in spread]
    rows: dict[float, dict[str, float]] = {
        amount: {
            name: amplitude(takes, amount) / theirs for name, (theirs, takes) in people.items()
        }
        | contacts(read, amount)
        for amount in AMOUNTS
    }
    natural = {
        name: natural_amount(AMOUNTS, [rows[amount][name] for amount in AMOUNTS]) for name in people
    }
    _print(rows, natural, options.split)
    if options.json is not None:
        about = {"command": command_line(), "date": today(), "split": options.split}
        by_amount = {f"{amount:g}": row for amount, row in rows.items()}
        write_report(options.json, {**about, "amounts": by_amount, "as_people": natural})


def _print(rows: dict[float, dict[str, float]], natural: dict[str, float], split: str) -> None:
    table = Table("articulation", title=f"amplitude by people's, {split}; contacts in %")
    for name in rows[AMOUNTS[0]]:
        table.add_column(name, justify="right")
    for amount, row in rows.items():
        cells = (f"{v:.2f}" if name in natural else f"{100 * v:.1f}" for name, v in row.items())
        table.add_row(f"{amount:g}", *cells)
    console = Console()
    console.print(table)
    console.print("as far as people: " + ", ".join(f"{n} {v:.2f}" for n, v in natural.items()))


if __name__ == "__main__":
    run_command(main)
