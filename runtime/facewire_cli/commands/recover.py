"""`facewire recover`: what a recording was when it broke off."""

import itertools
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from facewire.errors import ConfigError
from facewire.sinks.file_opening import is_kept, reason
from facewire.sinks.npz import PART, archive_path, save_part
from facewire_cli import options

EXAMPLES = """
Examples:

    facewire recover face.npz.part                    # makes face.npz

    facewire recover face.npz.part -o saved.npz
"""


def recover(
    part: Annotated[Path, typer.Argument(metavar="FILE.npz.part", help="What was left.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT.npz",
            dir_okay=False,
            help="By default FILE.npz, or the next free name.",
        ),
    ] = None,
    overwrite: options.OverwriteOption = False,
) -> None:
    """Make an archive of the part that a killed recording left, and remove the part.

    Recordings in other forms (csv, jsonl, wav, tsv) can be read as they were left.
    """
    if part.suffix != PART:
        raise ConfigError(
            f"{part} is no part of an archive, such as face.npz.part; other files are "
            "readable as they were left"
        )
    path = archive_path(output or _free_name(part), overwrite=overwrite)
    try:
        frames = save_part(part, path, overwrite=overwrite)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{part} cannot be recovered ({reason(error)})") from error
    Console().print(f"wrote {path}: {frames} frames", soft_wrap=True, markup=False, highlight=False)


def _free_name(part: Path) -> Path:
    path = part.with_name(part.name.removesuffix(PART))
    stem = path.name.removesuffix(".npz")
    names = (f"{stem}-{number}.npz" for number in itertools.count(2))
    candidates = (path.with_name(name) for name in itertools.chain([path.name], names))
    return next(candidate for candidate in candidates if not is_kept(candidate))
