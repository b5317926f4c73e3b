"""`facewire bench listen make`: a folder with all that raters of a study see and hear."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from facewire.errors import ConfigError
from facewire.frame_rate import parse_frame_rate
from facewire_cli import options
from facewire_cli.commands.bench.listen.loading import load

T = TypeVar("T", bound=StrEnum)

EXAMPLES = """
Examples:

    facewire bench listen make --audio sentences --system clear=phones,lookahead=160 --system live=phones,lookahead=20 --reference clear --out STUDY

    facewire bench listen make --audio sentences --recordings captured=faces/captured --recordings ours=faces/ours --reference captured --out STUDY

    facewire bench listen make --kind pairs --audio sentences --system a=phones --system b=energy --anchor none --out PAIRS
"""  # noqa: E501 # a command stays on one line, to be copied


def make(
    audio: Annotated[
        Path, typer.Option("--audio", metavar="FOLDER", help="Sounds, one a sentence.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="STUDY", help="The folder to make.")],
    recordings: Annotated[
        list[str] | None,
        typer.Option(
            "--recordings",
            metavar="SYSTEM=FOLDER",
            help="A system with a folder of its faces (npz, jsonl, csv), called like the sounds. "
            "May be repeated.",
        ),
    ] = None,
    system: Annotated[
        list[str] | None,
        typer.Option(
            "--system",
            metavar="NAME=ENGINE[:FOLDER][,lookahead=MS]",
            help="A system whose faces an engine makes now. May be repeated.",
        ),
    ] = None,
    reference: Annotated[
        str, typer.Option("--reference", metavar="SYSTEM", help="The best face there is.")
    ] = "",
    anchor: Annotated[
        str,
        typer.Option(
            "--anchor",
            metavar="SYSTEM|auto|mismatched|none",
            help="A bad face: auto is the reference, 200 ms late and smoothed; mismatched is the "
            "reference's of another sentence.",
        ),
    ] = "auto",
    kind: Annotated[
        str,
        typer.Option(
            metavar="mushra|pairs",
            help="All systems of a sentence on a screen, 0 to 100; or which of two fits better.",
        ),
    ] = "mushra",
    upper_face: Annotated[
        str,
        typer.Option(
            "--upper-face",
            metavar="same|own|rest",
            help="Eyes, brows and head: the reference's in all faces, each system's, or at rest.",
        ),
    ] = "same",
    idle: Annotated[
        bool, typer.Option("--idle/--no-idle", help="Whether engines' faces blink and move.")
    ] = True,
    screens: Annotated[
        int | None,
        typer.Option("--screens", min=1, help="For each rater; default all, at most 40."),
    ] = None,
    checks: Annotated[
        int, typer.Option("--checks", min=0, max=20, help="Of attention, for each rater.")
    ] = 2,
    practice: Annotated[
        str,
        typer.Option("--practice", metavar="SENTENCE", help="Of the first screen, not counted."),
    ] = "",
    title: Annotated[str, typer.Option("--title", help="What raters read on top.")] = "",
    question: Annotated[str, typer.Option("--question", help="What raters are asked.")] = "",
    consent: Annotated[
        Path | None,
        typer.Option("--consent", metavar="FILE", help="Text that raters agree to; ours if none."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of every rater's order.")] = 0,
    frame_rate: options.FrameRateOption = None,
) -> None:
    """Make a study: the same sentences by several systems, checked to be comparable."""
    request, study = load("request"), load("study")
    asked = request.MakeRequest(
        audio=audio,
        out=out,
        recordings=tuple(map(request.parse_recordings, recordings or ())),
        engines=tuple(map(request.parse_engine, system or ())),
        reference=reference,
        anchor=anchor,
        kind=_one_of(study.Kind, "--kind", kind),
        frame_rate=parse_frame_rate(frame_rate) if frame_rate else None,
        upper_face=_one_of(request.UpperFace, "--upper-face", upper_face),
        idle=idle,
        screens=screens,
        checks=checks,
        practice=practice,
        title=title or request.TITLE,
        question=question,
        consent=_text(consent) if consent else request.CONSENT,
        seed=seed,
    )
    load("command").run_make(asked)


def _one_of(values: type[T], option: str, given: str) -> T:
    try:
        return values(given)
    except ValueError:
        known = ", ".join(values)
        raise ConfigError(f"{option} is one of {known}, not {given!r}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the text of {path}: {error}") from error
