"""Hold how our face moves, idle motion included, against how GRID's speaker does.

    python -m facewire_training.evaluation.face_motion.measure --data DATA
    python -m facewire_training.evaluation.face_motion.measure --data DATA --json OUT

DATA holds `grid_s1/` and `ict_facekit/`. For each point of the face: its deviation from the median
of a clip and its speed, in speech and in pauses, in mm and degrees. The tracker's landmarks
tremble, so that his figures in pauses are an upper bound. The training clips set the amounts of
`facewire/face/idle/amounts.py`; the validation clips say how near they are.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from facewire.report_file import command_line, today, write_report
from facewire_engines.phones.engine import load_embedded
from facewire_training.command import make_parser, run_command
from facewire_training.data.corpora.audio_file import read_mono
from facewire_training.data.splits import GRID_TRAINING, GRID_VALIDATION
from facewire_training.evaluation.face_motion.captured import captured_motion
from facewire_training.evaluation.face_motion.motion import Motion
from facewire_training.evaluation.face_motion.points import of_shapes
from facewire_training.evaluation.face_motion.shown import shown_motion
from facewire_training.evaluation.face_motion.statistics import (
    Movement,
    blinks_a_minute,
    blinks_near_ends,
    movement,
)
from facewire_training.option_ranges import COUNT

SPLITS = {"training": GRID_TRAINING, "validation": GRID_VALIDATION}
LOOKAHEAD_MS = 80.0

Row = dict[str, float]


def figures(motions: Collection[Motion]) -> dict[str, Row]:
    """Return what is told of a face, by what it is told of."""
    measures = next(iter(motions)).curves
    rows: dict[str, Row] = {name: movement(motions, name)._asdict() for name in measures}
    rows["blinks"] = {
        "a_minute": blinks_a_minute(motions), "near_ends_of_phrases": blinks_near_ends(motions)
    }  # fmt: skip
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write if it is asked for."""
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="holds grid_s1/ and ict_facekit/")
    parser.add_argument("--split", choices=SPLITS, default="validation", help="which clips")
    parser.add_argument("--clips", type=COUNT, help="at most how many; default all")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args(arguments)
    grid = options.data / "grid_s1"
    captured = captured_motion(grid, SPLITS[options.split])
    captured = dict(list(captured.items())[: options.clips])
    sounds = {name: read_mono(grid / "audio" / f"{name}.opus") for name in captured}
    millimetres = of_shapes(options.data / "ict_facekit")
    shown = shown_motion(sounds, captured, millimetres, load_embedded(), LOOKAHEAD_MS)
    faces = {"person": figures(captured.values()), "shown": figures(shown.values())}
    _print(faces, f"GRID, {options.split}: {len(captured)} clips")
    if options.json is not None:
        about = {"command": command_line(), "date": today(), "clips": len(captured)}
        write_report(options.json, about | faces)


def _print(faces: dict[str, dict[str, Row]], title: str) -> None:
    table = Table("person / shown", title=title)
    for heading in Movement._fields:
        table.add_column(heading.replace("_", " "), justify="right", no_wrap=True)
    person, shown = faces["person"], faces["shown"]
    for measure in person:
        if measure != "blinks":
            pairs = [(person[measure][name], shown[measure][name]) for name in Movement._fields]
            table.add_row(measure, *(f"{his:.2f} / {ours:.2f}" for his, ours in pairs))
    console = Console()
    console.print(table)
    for who, rows in faces.items():
        blinks = rows["blinks"]
        console.print(
            f"{who}: {blinks['a_minute']:.1f} blinks a minute, "
            f"near the ends of {100 * blinks['near_ends_of_phrases']:.0f} % of phrases"
        )


if __name__ == "__main__":
    run_command(main)
