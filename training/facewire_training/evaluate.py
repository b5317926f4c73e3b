"""Measure faces on speech that was never trained on, and print a table.

    python -m facewire_training.evaluate --data DIR
    python -m facewire_training.evaluate --data DIR --lookahead-ms 80 --utterances 40

DIR holds `librispeech/` with `audio/` and `phones.tsv.gz`; its validation speakers are 1088, 163,
3526 and 460. The rows are the true phones through the procedural animation (the oracle: what the
embedded model is taught), a jaw that follows loudness, and the embedded model at each look-ahead.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from importlib import import_module
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from facewire.engine import Engine
from facewire.errors import FacewireError
from facewire_training.corpora.corpus import Utterance
from facewire_training.corpora.librispeech import LibriSpeech
from facewire_training.metrics.take import Take
from facewire_training.performers import Performer, Streamed, oracle, volume_meter
from facewire_training.scorecard import cells, score, verdict

LOOKAHEADS_MS = (0.0, 40.0, 80.0, 160.0)
DEFAULT_LOOKAHEAD_MS = 80.0

Rows = dict[str, dict[str, float]]


def evaluate(
    utterances: Sequence[Utterance], performers: dict[str, Performer], frame_rate: Fraction
) -> Rows:
    """Return the metrics of each performer by name; lags are against the oracle."""
    references: list[Take] = []
    rows: Rows = {}
    with Progress(transient=True) as progress:
        for name, perform in {"oracle": oracle, **performers}.items():
            task = progress.add_task(name, total=len(utterances))
            takes = []
            for utterance in utterances:
                takes.append(perform(utterance, frame_rate))
                progress.advance(task)
            references = references or takes
            rows[name] = score(takes, references)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 2 is the user's mistake."""
    console = Console()
    options = _parser().parse_args(arguments)
    try:
        utterances = _choose(list(LibriSpeech(options.data / "librispeech").validation()), options)
    except FacewireError as error:
        console.print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        return 2
    performers: dict[str, Performer] = {"volume meter": volume_meter}
    engine = _embedded_engine(console)
    if engine is not None:
        for lookahead_ms in options.lookahead_ms or LOOKAHEADS_MS:
            performers[_row_name(engine, lookahead_ms)] = Streamed(engine, lookahead_ms)
    rows = evaluate(utterances, performers, options.frame_rate)
    about = _about(utterances, options, arguments)
    _print(console, rows, about)
    if engine is not None:
        judged = _row_name(engine, DEFAULT_LOOKAHEAD_MS)
        _print_verdict(console, rows, judged)
    if options.json is not None:
        options.json.write_text(json.dumps({**about, "rows": rows}, indent=1) + "\n", "utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m facewire_training.evaluate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds librispeech/")
    parser.add_argument(
        "--lookahead-ms", type=float, action="append", help="repeatable; default 0, 40, 80, 160"
    )
    parser.add_argument(
        "--frame-rate", type=Fraction, default=Fraction(60), help="30, 60, 30000/1001; default 60"
    )
    parser.add_argument("--utterances", type=int, help="how many, spread over the set; default all")
    parser.add_argument("--json", type=Path, help="also write the table here")
    return parser


def _choose(utterances: list[Utterance], options: argparse.Namespace) -> list[Utterance]:
    """Return as many utterances as were asked for, spread evenly over the speakers."""
    if options.utterances is None or options.utterances >= len(utterances):
        return utterances
    places = np.linspace(0, len(utterances) - 1, max(options.utterances, 1)).round().astype(int)
    return [utterances[place] for place in places]


def _embedded_engine(console: Console) -> Engine | None:
    """Load the embedded model, or say in one line why there is none."""
    try:
        engine: Engine = import_module("facewire_engines.phones").load_embedded()
    except (ImportError, FacewireError) as error:
        console.print(
            f"the embedded model is left out: {error}", style="yellow", markup=False, soft_wrap=True
        )
        return None
    return engine


def _row_name(engine: Engine, lookahead_ms: float) -> str:
    return f"{engine.name}, {lookahead_ms:g} ms"


def _about(
    utterances: Sequence[Utterance], options: argparse.Namespace, arguments: Sequence[str] | None
) -> dict[str, str]:
    given = sys.argv[1:] if arguments is None else list(arguments)
    minutes = sum(utterance.duration_s for utterance in utterances) / 60
    return {
        "command": shlex.join(["python", "-m", "facewire_training.evaluate", *given]),
        "date": date.today().isoformat(),
        "data": f"LibriSpeech validation speakers, {len(utterances)} utterances, "
        f"{minutes:.1f} min, at {options.frame_rate} frames per second",
    }


def _print(console: Console, rows: Rows, about: dict[str, str]) -> None:
    for line in about.values():
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    table = Table()
    table.add_column("")
    for name in next(iter(rows.values())):
        table.add_column(name.replace("_", " "), justify="right")
    for name, values in rows.items():
        table.add_row(name, *cells(values))
    console.print(table)


def _print_verdict(console: Console, rows: Rows, judged: str) -> None:
    if judged in rows:
        for sentence, met in verdict(rows[judged], rows["oracle"]).items():
            console.print(f"{judged}: {sentence}: {'yes' if met else 'NO'}", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
