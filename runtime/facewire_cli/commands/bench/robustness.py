"""`facewire bench robustness`: one model in everything that speech meets on its way."""

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

    facewire bench robustness --data DATA --json robustness.json

    facewire bench robustness --data DATA --json robustness.json --resume

    facewire bench robustness --data DATA --only "as it is" --only child --lookahead-ms 20
"""


def robustness(
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Speech with phone times (docs/quality.md)."),
    ] = None,
    engine: Annotated[
        str, typer.Option("--engine", metavar="NAME", help="The engine to measure.")
    ] = "phones",
    lookahead_ms: Annotated[
        float,
        typer.Option("--lookahead-ms", metavar="MS", callback=finite, help="Of the engine."),
    ] = 80.0,
    utterances: Annotated[
        int, typer.Option("--utterances", min=1, help="How many, spread over the speech.")
    ] = 40,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="NAME",
            help="Conditions that begin so, such as child, or 'as it is' to compare; repeatable.",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Of rooms, music, coughs, songs and talkers.")
    ] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the rows that the file of --json has.")
    ] = False,
    as_json: options.JsonOption = None,
    frame_rate: options.FrameRateOption = None,
) -> None:
    """Measure lips where speech is not clean: levels, children, noise, rooms, song, coughs."""
    if data is None:
        raise ConfigError("say where the speech is: --data DIR (docs/quality.md has the layouts)")
    if resume and as_json is None:
        raise ConfigError("--resume goes on with a file: name it with --json FILE")
    command, request = _load("command"), _load("request")
    asked = request.Request(
        data=data,
        engine=engine,
        lookahead_ms=lookahead_ms,
        frame_rate=parse_frame_rate(frame_rate or "60"),
        utterances=utterances,
        seed=seed,
        only=tuple(only or ()),
    )
    command.run(asked, as_json, resume=resume, machine=describe_machine().line())


def _load(module: str) -> ModuleType:
    need = "facewire bench robustness needs more than the runtime"
    return import_optional(f"facewire_training.evaluation.robustness.{module}", need, "quality")
