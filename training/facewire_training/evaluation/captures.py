"""Measure faces against captured ones that were never trained on, and print a table for each set.

    python -m facewire_training.evaluation.captures --data DIR
    python -m facewire_training.evaluation.captures --data DIR --lookahead-ms 80 --json OUT

DIR holds `grid_s1/` and `facegood/`; their validation clips are taken. Columns: correlation with
the true lip gap, width of the mouth, jawOpen and rounding (mouthFunnel and mouthPucker, content
timing), and how far and how fast the lip gap moves against the true one. The `half way` row is the
goal: half of what the volume meter lacks. The oracle is the procedural animation: of GRID's words,
aligned by the embedded model, where pocketsphinx is installed for its dictionary; of what the
embedded model hears in FACEGOOD, whose words nobody wrote down.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from facewire.errors import ConfigError
from facewire.report_file import command_line, today, write_report
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_training.command import make_parser, run_command
from facewire_training.data.align import align, transcribe
from facewire_training.data.capture import Capture
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.data.corpora.facegood import Facegood
from facewire_training.data.corpora.grid import Grid
from facewire_training.data.corpora.grid_words import SILENT, Pronouncer, read_words
from facewire_training.data.recognisers import embedded_posteriors
from facewire_training.evaluation import peers
from facewire_training.evaluation.metrics.errors.captures import compare
from facewire_training.evaluation.performers import Performer, Streamed, oracle, volume_meter
from facewire_training.option_ranges import COUNT, frame_rate, number

LOOKAHEADS_MS = (0.0, 80.0)
GRID = "GRID speaker 1"
METER = "volume meter"
GOAL = "half way from the meter to 1"

Rows = dict[str, dict[str, float]]


def evaluate(
    utterances: Sequence[Utterance],
    captures: Sequence[Capture],
    performers: dict[str, Performer],
    frame_rate: Fraction,
) -> Rows:
    """Return how each performer, by name, compares with the captures of what it heard; the goal.

    What a performer does not move, or captures do not show, has no figure.
    """
    rows: Rows = {}
    with Progress(transient=True) as progress:
        for name, perform in {METER: volume_meter, **performers}.items():
            task = progress.add_task(name, total=len(utterances))
            takes = []
            for utterance in utterances:
                takes.append(perform(utterance, frame_rate))
                progress.advance(task)
            values = compare(takes, captures)
            rows[name] = {key: value for key, value in values.items() if not math.isnan(value)}
    goal = {name: (1 + value) / 2 for name, value in rows[METER].items() if name.endswith("_r")}
    return rows | {GOAL: goal}


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure, print and write."""
    console = Console()
    options = _parser().parse_args(arguments)
    sets = {
        GRID: list(Grid(options.data / "grid_s1").validation()),
        "FACEGOOD": list(Facegood(options.data / "facegood").validation()),
    }
    engine = load_embedded()
    performers: dict[str, Performer] = {
        f"{engine.name}, {lookahead_ms:g} ms": Streamed(engine, lookahead_ms)
        for lookahead_ms in options.lookahead_ms or LOOKAHEADS_MS
    }
    if options.peers:
        performers |= {peer.name: peer.perform for peer in peers.performers()}
        for reason in peers.absent():
            console.print(reason, style="yellow", markup=False, soft_wrap=True)
    report: dict[str, object] = {"command": command_line(), "date": today()}
    for title, everything in sets.items():
        captures = everything[: options.clips]
        spoken = [capture.utterance() for capture in captures]
        row: dict[str, Performer] = {}
        if title == GRID:
            aligned = _aligned(console, engine, spoken, options.data / "grid_s1" / "words.tsv.gz")
            spoken, row = (aligned, {"oracle, by words": oracle}) if aligned else (spoken, {})
        else:
            spoken = [
                replace(speech, phones=transcribe(embedded_posteriors(engine, speech.samples)))
                for speech in spoken
            ]
            row = {"oracle, as heard": oracle}
        rows = evaluate(spoken, captures, row | performers, options.frame_rate)
        _print(console, f"{title}, {len(captures)} clips", rows)
        report[title] = rows
    if options.json is not None:
        write_report(options.json, report)


def _aligned(
    console: Console, engine: PhonesEngine, spoken: list[Utterance], words: Path
) -> list[Utterance]:
    """Return the utterances with phones, or none and say in one line why."""
    try:
        clips, pronounce = read_words(words), Pronouncer().phones
    except ConfigError as error:
        console.print(f"the oracle is left out: {error}", style="yellow", markup=False)
        return []
    aligned = []
    for speech in spoken:
        said = [pronounce(w.word) for w in clips[speech.name] if w.word not in SILENT]
        phones = align(embedded_posteriors(engine, speech.samples), said)
        aligned.append(replace(speech, phones=phones) if phones else speech)
    return aligned


def _parser() -> argparse.ArgumentParser:
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="holds grid_s1/ and facegood/")
    parser.add_argument(
        "--lookahead-ms", type=number(0, 160), action="append", help="repeatable; default 0 and 80"
    )
    parser.add_argument(
        "--frame-rate", type=frame_rate, default=Fraction(60), help="30, 60, 30000/1001; default 60"
    )
    parser.add_argument("--clips", type=COUNT, help="at most how many of each set; default all")
    parser.add_argument("--peers", action="store_true", help="also the peers that are installed")
    parser.add_argument("--json", type=Path, help="also write the tables here")
    return parser


def _print(console: Console, title: str, rows: Rows) -> None:
    names = list(dict.fromkeys(name for values in rows.values() for name in values))
    table = Table(title=title)
    table.add_column(no_wrap=True)
    for name in names:
        table.add_column(name.replace("_", " "), justify="right")
    for performer, values in rows.items():
        table.add_row(performer, *(f"{values[n]:.3f}" if n in values else "" for n in names))
    console.print(table)


if __name__ == "__main__":
    run_command(main)
