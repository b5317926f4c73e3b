"""What the lips of a speaker do who feels something: the same sounds, by emotion.

    python -m facewire_training.evaluation.emotions --data DATA
    python -m facewire_training.evaluation.emotions --data DATA --json OUT

The embedded model at 80 ms hears LibriSpeech's validation speakers, and each emotion is wholly felt
all the time. *Moved* is how far the face is from the neutral one: the largest difference of a shape
that the emotion moves, in the median frame.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from facewire.emotion import NAMES, NEUTRAL, Emotion, emotion_of
from facewire.face.calibration import constrain
from facewire.face.emotion.layer import EmotionLayer
from facewire.report_file import command_line, today, write_report
from facewire_engines.phones.engine import load_embedded
from facewire_training.command import make_parser, run_command
from facewire_training.data.corpora.librispeech import LibriSpeech
from facewire_training.evaluation.metrics.lips.closure import (
    closure_rate,
    false_closure_rate,
    luck_rate,
)
from facewire_training.evaluation.metrics.lips.labiodental import labiodental_rate
from facewire_training.evaluation.metrics.lips.rounding import rounding_auc
from facewire_training.evaluation.performers import Streamed
from facewire_training.take import Take

FRAME_RATE = Fraction(50)
LOOKAHEAD_MS = 80.0
UTTERANCES = 30


def felt(take: Take, emotion: Emotion) -> Take:
    """Return a take as the face stage shows it to whoever feels this all the time."""
    layer = EmotionLayer(0.0)
    weights = take.weights.copy()
    for frame in weights:
        constrain(frame)
        layer.apply(frame, (0.0, 0.0, 0.0), emotion, float(1 / FRAME_RATE))
    return replace(take, weights=weights)


def contacts(takes: Sequence[Take], neutral: Sequence[Take]) -> dict[str, float]:
    """Return what the lips do, and how far the face is from the neutral one."""
    moved = [
        np.abs(one.weights - other.weights).max(axis=1)
        for one, other in zip(takes, neutral, strict=True)
    ]
    return {
        "p b m closed": closure_rate(takes),
        "by luck": luck_rate(takes),
        "vowels shut": false_closure_rate(takes),
        "f v on teeth": labiodental_rate(takes),
        "rounding AUC": rounding_auc(takes),
        "moved": float(np.median(np.concatenate(moved))),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write if it is asked for."""
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="as for `facewire bench quality`")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args(arguments)
    performer = Streamed(load_embedded(), LOOKAHEAD_MS)
    speech = list(LibriSpeech(options.data / "librispeech").validation())
    takes = [
        performer(utterance, FRAME_RATE)
        for utterance in speech[:: max(len(speech) // UTTERANCES, 1)]
    ]
    emotions = {"neutral": NEUTRAL} | {name: emotion_of({name: 1.0}) for name in NAMES}
    neutral = [felt(take, NEUTRAL) for take in takes]
    rows = {
        name: contacts([felt(take, emotion) for take in takes], neutral)
        for name, emotion in emotions.items()
    }
    _print(rows)
    if options.json is not None:
        about = {"command": command_line(), "date": today(), "utterances": len(takes)}
        write_report(options.json, {**about, "emotions": rows})


def _print(rows: Mapping[str, Mapping[str, float]]) -> None:
    table = Table("feels", title="contacts in %")
    for name in rows["neutral"]:
        table.add_column(name, justify="right")
    for name, row in rows.items():
        *rates, rounding, moved = row.values()
        cells = (f"{100 * rate:.1f}" for rate in rates)
        table.add_row(name, *cells, f"{rounding:.2f}", f"{moved:.2f}")
    Console().print(table)


if __name__ == "__main__":
    run_command(main)
