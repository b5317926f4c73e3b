"""`facewire bench quality`: how well the lips of several systems read, on the same speech."""

from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from facewire.errors import ConfigError
from facewire.frame_rate import parse_frame_rate
from facewire.optional_dependency import import_optional
from facewire_cli import options
from facewire_cli.bench.machine import describe_machine
from facewire_cli.usage import finite

EXAMPLES = """
Examples:

    facewire bench quality --data DATA

    facewire bench quality --data recordings --lookahead-ms 0 --lookahead-ms 80 --html report.html

    facewire bench quality --data DATA --utterances 40 --noise-db 10 --json quality.json
"""


def quality(
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            help="Speech with phone times, captured faces, or both (docs/quality.md).",
        ),
    ] = None,
    split: Annotated[
        str,
        typer.Option(
            metavar="validation|test",
            help="Speakers that models are chosen by, or others, for a release's figures.",
        ),
    ] = "validation",
    teacher: Annotated[
        Path | None,
        typer.Option(
            "--teacher",
            metavar="RUN",
            help="Who aligns test voices, and whose row `teacher` is (training/README.md).",
        ),
    ] = None,
    rows: Annotated[
        list[str] | None,
        typer.Option(
            "--rows",
            metavar="NAME",
            help="oracle, late-oracle, captured, meter, peers, teacher, or an engine; several with "
            "commas.",
        ),
    ] = None,
    lookahead_ms: Annotated[
        list[float] | None,
        typer.Option(
            "--lookahead-ms",
            metavar="MS",
            callback=finite,
            help="Of engines; may be repeated. 0, 20, 40, 80.",
        ),
    ] = None,
    provisional: Annotated[
        bool,
        typer.Option(
            "--provisional",
            help="Engines also at once, blended with corrections after each look-ahead.",
        ),
    ] = False,
    utterances: Annotated[
        int | None, typer.Option("--utterances", min=1, help="How many of each set; default all.")
    ] = None,
    noise_db: Annotated[
        float | None,
        typer.Option(
            "--noise-db",
            metavar="DB",
            callback=finite,
            help="Add voices this far below the speech.",
        ),
    ] = None,
    matrix: Annotated[
        Path | None, typer.Option("--matrix", metavar="FILE.npy", help="BEAT2's matrix.")
    ] = None,
    as_json: options.JsonOption = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            metavar="FILE.png",
            dir_okay=False,
            callback=options.in_a_folder,
            help="Draw the mouths of one clip.",
        ),
    ] = None,
    curve: Annotated[
        Path | None,
        typer.Option(
            "--curve",
            metavar="FILE.png",
            dir_okay=False,
            callback=options.in_a_folder,
            help="Draw quality against look-ahead.",
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE.html",
            dir_okay=False,
            callback=options.in_a_folder,
            help="Write a page with two faces that talk.",
        ),
    ] = None,
    clip: Annotated[
        str | None,
        typer.Option("--clip", metavar="NAME", help="The clip of --plot and --html."),
    ] = None,
    frame_rate: options.FrameRateOption = None,
) -> None:
    """Measure lips against true phones and true faces, in content and in live timing."""
    if data is None:
        raise ConfigError("say where the speech is: --data DIR (docs/quality.md has the layouts)")
    command = _load("command")
    names = tuple(name.strip() for item in rows or () for name in item.split(",") if name.strip())
    request = _load("request")
    if split not in (request.VALIDATION, request.TEST):
        raise ConfigError(f"--split is {request.VALIDATION} or {request.TEST}, not {split!r}")
    asked = request.Request(
        data=data,
        split=split,
        teacher=teacher,
        rows=names or request.ROWS,
        lookaheads_ms=tuple(lookahead_ms or request.LOOKAHEADS_MS),
        provisional=provisional,
        frame_rate=parse_frame_rate(frame_rate or "60"),
        utterances=utterances,
        noise_db=noise_db,
        matrix=matrix,
    )
    outputs = command.Outputs(as_json, plot, curve, html, clip)
    command.run(asked, outputs, describe_machine().line())


def _load(module: str) -> ModuleType:
    need = "facewire bench quality needs more than the runtime"
    return import_optional(f"facewire_training.evaluation.quality.{module}", need, "quality")
