"""`facewire bench listen analyse`: what the ratings of a study say, and how surely."""

from pathlib import Path
from typing import Annotated

import typer

from facewire_cli import options
from facewire_cli.commands.bench.listen.loading import load
from facewire_cli.usage import finite

EXAMPLES = """
Examples:

    facewire bench listen analyse STUDY

    facewire bench listen analyse STUDY --json listening.json --plot listening.png
"""


def analyse(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="A folder that was rated.")],
    reference_at_least: Annotated[
        float,
        typer.Option(
            "--reference-at-least",
            min=0,
            max=100,
            callback=finite,
            help="Who rates the hidden reference lower ...",
        ),
    ] = 80.0,
    low_share: Annotated[
        float,
        typer.Option(
            "--low-share",
            min=0,
            max=1,
            callback=finite,
            help="... on more than this share of the screens is left out.",
        ),
    ] = 0.15,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE.png", dir_okay=False, help="Draw the estimates."),
    ] = None,
    as_json: options.JsonOption = None,
) -> None:
    """Print each system's rating with its interval, and which systems differ."""
    rules = load("analysis.raters").Rules(reference_at_least, low_share)
    load("command").run_analyse(study, rules, as_json, plot)
